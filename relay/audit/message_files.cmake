# SPDX-License-Identifier: Apache-2.0
# cmake -DMESSAGES=… -DOUT=… -P message_files.cmake: the page's message files as bytes in a C header.
set(text "/* Made from client/web/messages by message_files.cmake. */\n#include <stddef.h>\n#include <stdint.h>\n")
file(GLOB files ${MESSAGES}/*.json)
foreach(file ${files})
  get_filename_component(language ${file} NAME_WE)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND text "static const uint8_t messages_${language}[] = {${bytes}};\n")
  string(APPEND table "    {\"${language}\", messages_${language}, sizeof messages_${language}},\n")
endforeach()
string(APPEND text "static const struct {\n    const char *language;\n    const uint8_t *bytes;\n    size_t len;\n} message_files[] = {\n${table}};\n")
file(WRITE ${OUT} "${text}")
