/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/names.h - which names, units and values a property may have.
 *
 * The names are Home Assistant's device classes and Matter's clusters where one exists; the few of our own are in the
 * same table (marked `ours`), so that one table says what a property called so means and in which unit it is. A
 * product's firmware may use other names: they pass when they have the form of a name, and are shown as they are.
 */
#ifndef CLIENT_STATE_NAMES_H
#define CLIENT_STATE_NAMES_H

#include <stdbool.h>

#include "client/state/source.h"

/*
 * name, unit, meaning. Where Home Assistant has a device class of that name the unit is one of its; (Matter X) names
 * the cluster that carries the same, so that a Matter bridge has nothing to invent; (ours) has no counterpart.
 */
#define CLIENT_STATE_NAME_LIST(X)                                                                                      \
    X("battery", "%", "charge that is left (Matter PowerSource)")                                                      \
    X("battery_charging", "", "true while it charges (Matter PowerSource)")                                            \
    X("connectivity", "", "true while it is connected")                                                                \
    X("availability", "", "true while its bridge can reach it (ours; Home Assistant: availability topic)")             \
    X("signal_strength", "dBm", "of the radio (Matter WiFiNetworkDiagnostics RSSI)")                                   \
    X("linkquality", "", "0 to 255, of the last hop in a mesh (Zigbee2MQTT)")                                          \
    X("data_rate", "Mbit/s", "of the link (Matter WiFiNetworkDiagnostics)")                                            \
    X("data_size", "MB", "")                                                                                           \
    X("wifi_channel", "", "(Matter WiFiNetworkDiagnostics ChannelNumber)")                                             \
    X("ssid", "", "name of the Wi-Fi; hidden unless a rule shows it")                                                  \
    X("last_seen", "", "when it was heard last, as its bridge says it (Zigbee2MQTT)")                                  \
    X("duration", "s", "")                                                                                             \
    X("uptime", "s", "since it was started (Home Assistant: duration; Matter GeneralDiagnostics UpTime)")              \
    X("firmware", "", "version that runs (Matter BasicInformation SoftwareVersionString)")                             \
    X("update", "", "true when newer firmware is there (Matter OTASoftwareUpdateRequestor)")                           \
    X("problem", "", "true while something is wrong")                                                                  \
    X("status", "", "in the device's own words (ours)")                                                                \
    X("gateway", "", "address of the router (ours)")                                                                   \
    X("dns_servers", "", "addresses that are asked for names (ours)")                                                  \
    X("ip_address", "", "shortened: the network, not the device (Matter GeneralDiagnostics)")                          \
    X("mac_address", "", "shortened to the maker's part (Matter GeneralDiagnostics)")                                  \
    X("neighbours", "", "how many devices answered on the local network (ours)")                                       \
    X("service", "", "what it offers on the local network, as DNS-SD names it (ours)")                                 \
    X("cpu", "%", "how much of the processors' time was spent since the last look (ours)")                             \
    X("load", "", "processes that wait or run, mean of a minute (ours)")                                               \
    X("memory_free", "MiB", "memory that programs could still have (ours)")                                            \
    X("disk_free", "%", "of the root file system (ours)")                                                              \
    X("state", "", "the main value of a light, switch, lock, cover … (Matter OnOff, DoorLock, WindowCovering)")        \
    X("brightness", "", "0 to 255 (Matter LevelControl)")                                                              \
    X("color_temp", "mired", "(Matter ColorControl)")                                                                  \
    X("temperature", "°C", "(Matter TemperatureMeasurement)")                                                          \
    X("device_temperature", "°C", "of the device itself (ours)")                                                       \
    X("humidity", "%", "(Matter RelativeHumidityMeasurement)")                                                         \
    X("moisture", "%", "")                                                                                             \
    X("pressure", "hPa", "(Matter PressureMeasurement)")                                                               \
    X("atmospheric_pressure", "hPa", "")                                                                               \
    X("illuminance", "lx", "(Matter IlluminanceMeasurement)")                                                          \
    X("carbon_dioxide", "ppm", "(Matter CarbonDioxideConcentrationMeasurement)")                                       \
    X("carbon_monoxide", "ppm", "")                                                                                    \
    X("pm25", "µg/m³", "(Matter PM25ConcentrationMeasurement)")                                                        \
    X("pm10", "µg/m³", "(Matter PM10ConcentrationMeasurement)")                                                        \
    X("aqi", "", "(Matter AirQuality)")                                                                                \
    X("power", "W", "(Matter ElectricalPowerMeasurement)")                                                             \
    X("apparent_power", "VA", "")                                                                                      \
    X("power_factor", "%", "")                                                                                         \
    X("energy", "kWh", "(Matter ElectricalEnergyMeasurement)")                                                         \
    X("voltage", "V", "(Matter ElectricalPowerMeasurement)")                                                           \
    X("current", "A", "(Matter ElectricalPowerMeasurement)")                                                           \
    X("frequency", "Hz", "")                                                                                           \
    X("gas", "m³", "")                                                                                                 \
    X("water", "L", "")                                                                                                \
    X("volume_flow_rate", "m³/h", "(Matter FlowMeasurement)")                                                          \
    X("distance", "m", "")                                                                                             \
    X("speed", "m/s", "")                                                                                              \
    X("weight", "kg", "")                                                                                              \
    X("sound_pressure", "dB", "")                                                                                      \
    X("motion", "", "true while something moves (Matter OccupancySensing)")                                            \
    X("occupancy", "", "true while somebody is there (Matter OccupancySensing)")                                       \
    X("presence", "", "true while it is at home")                                                                      \
    X("door", "", "true while it is open (Matter BooleanState)")                                                       \
    X("window", "", "true while it is open (Matter BooleanState)")                                                     \
    X("garage_door", "", "true while it is open")                                                                      \
    X("opening", "", "true while it is open (Matter BooleanState)")                                                    \
    X("lock", "", "true while it is NOT locked (Matter DoorLock)")                                                     \
    X("smoke", "", "true while there is some (Matter SmokeCoAlarm)")                                                   \
    X("vibration", "", "")                                                                                             \
    X("tamper", "", "true while somebody tampers with it")                                                             \
    X("plug", "", "true while it is plugged in")                                                                       \
    X("running", "", "true while it runs")                                                                             \
    X("heat", "", "true while it is hot")                                                                              \
    X("cold", "", "true while it is cold")

/** 1 to 47 of a-z, 0-9 and _, beginning with a letter. */
bool client_state_name_ok(const char *name);
/** 1 to 63 letters, digits and . _ - : / */
bool client_state_id_ok(const char *id);
/** UTF-8 without control characters. */
bool client_state_text_ok(const char *text);
/** The unit of a known name, NULL for one that is not in the table. */
const char *client_state_unit_of(const char *name);

#endif
