# SPDX-License-Identifier: Apache-2.0
# cmake -DNODE=… -DWEB=… -DOUT=… -DC_FILE=… -DPLAIN=… -DREQUIRED=ON|OFF -P embed.cmake: builds the page and writes it as C.
execute_process(COMMAND ${NODE} scripts/packages.mjs WORKING_DIRECTORY ${WEB} RESULT_VARIABLE packages)
if(packages AND NOT REQUIRED)
  message(WARNING "The packages of the phone page cannot be fetched: the relay is built without it, and says how to join.")
  file(WRITE ${C_FILE} "#include \"${PLAIN}\"\n")
  return()
elseif(packages)
  message(FATAL_ERROR "npm ci in ${WEB} failed; HANDHOLD_PAGE=OFF builds the relay without the phone page")
endif()
execute_process(COMMAND ${NODE} scripts/build.mjs --out ${OUT} --c ${C_FILE} WORKING_DIRECTORY ${WEB} RESULT_VARIABLE built
  OUTPUT_FILE ${OUT}.json)
if(built)
  file(REMOVE ${C_FILE})
  message(FATAL_ERROR "the phone page does not build")
endif()
