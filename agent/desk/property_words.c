/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/property_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N_(text) text
#define YES_NO N_("yes"), N_("no")

/* Those of client/state/names.h, and what the phone page tells of its browser beside them. */
static const struct {
    const char *name, *title, *yes, *no;
} words[] = {
    {"battery", N_("Battery"), YES_NO},
    {"battery_charging", N_("Charging"), YES_NO},
    {"connectivity", N_("Connection"), N_("connected"), N_("not connected")},
    {"availability", N_("Reachable"), YES_NO},
    {"signal_strength", N_("Signal strength"), YES_NO},
    {"linkquality", N_("Link quality"), YES_NO},
    {"data_rate", N_("Data rate"), YES_NO},
    {"data_size", N_("Amount of data"), YES_NO},
    {"wifi_channel", N_("Wi-Fi channel"), YES_NO},
    {"ssid", N_("Name of the Wi-Fi"), YES_NO},
    {"last_seen", N_("Last heard of"), YES_NO},
    {"duration", N_("Duration"), YES_NO},
    {"uptime", N_("Running for"), YES_NO},
    {"firmware", N_("Firmware"), YES_NO},
    {"update", N_("Newer firmware"), N_("there is one"), N_("none")},
    {"problem", N_("Problem"), YES_NO},
    {"status", N_("Status"), YES_NO},
    {"gateway", N_("Router"), YES_NO},
    {"dns_servers", N_("Name servers"), YES_NO},
    {"ip_address", N_("Network address"), YES_NO},
    {"mac_address", N_("Hardware address"), YES_NO},
    {"neighbours", N_("Devices in the network"), YES_NO},
    {"service", N_("Service"), YES_NO},
    {"cpu", N_("Processor in use"), YES_NO},
    {"load", N_("Load"), YES_NO},
    {"memory_free", N_("Memory free"), YES_NO},
    {"disk_free", N_("Disk free"), YES_NO},
    {"state", N_("State"), YES_NO},
    {"brightness", N_("Brightness"), YES_NO},
    {"color_temp", N_("Colour temperature"), YES_NO},
    {"temperature", N_("Temperature"), YES_NO},
    {"device_temperature", N_("Temperature of the device"), YES_NO},
    {"humidity", N_("Humidity"), YES_NO},
    {"moisture", N_("Moisture"), YES_NO},
    {"pressure", N_("Pressure"), YES_NO},
    {"atmospheric_pressure", N_("Air pressure"), YES_NO},
    {"illuminance", N_("Light level"), YES_NO},
    {"carbon_dioxide", N_("Carbon dioxide"), YES_NO},
    {"carbon_monoxide", N_("Carbon monoxide"), YES_NO},
    {"pm25", N_("Fine dust (PM2.5)"), YES_NO},
    {"pm10", N_("Fine dust (PM10)"), YES_NO},
    {"aqi", N_("Air quality index"), YES_NO},
    {"power", N_("Power"), YES_NO},
    {"apparent_power", N_("Apparent power"), YES_NO},
    {"power_factor", N_("Power factor"), YES_NO},
    {"energy", N_("Energy"), YES_NO},
    {"voltage", N_("Voltage"), YES_NO},
    {"current", N_("Current"), YES_NO},
    {"frequency", N_("Frequency"), YES_NO},
    {"gas", N_("Gas"), YES_NO},
    {"water", N_("Water"), YES_NO},
    {"volume_flow_rate", N_("Flow"), YES_NO},
    {"distance", N_("Distance"), YES_NO},
    {"speed", N_("Speed"), YES_NO},
    {"weight", N_("Weight"), YES_NO},
    {"sound_pressure", N_("Sound level"), YES_NO},
    {"motion", N_("Motion"), YES_NO},
    {"occupancy", N_("Somebody is there"), YES_NO},
    {"presence", N_("At home"), YES_NO},
    {"door", N_("Door"), N_("open"), N_("closed")},
    {"window", N_("Window"), N_("open"), N_("closed")},
    {"garage_door", N_("Garage door"), N_("open"), N_("closed")},
    {"opening", N_("Opening"), N_("open"), N_("closed")},
    {"lock", N_("Lock"), N_("not locked"), N_("locked")},
    {"smoke", N_("Smoke"), YES_NO},
    {"vibration", N_("Vibration"), YES_NO},
    {"tamper", N_("Tampering"), YES_NO},
    {"plug", N_("Plug"), N_("plugged in"), N_("not plugged in")},
    {"running", N_("Running"), YES_NO},
    {"heat", N_("Hot"), YES_NO},
    {"cold", N_("Cold"), YES_NO},
    {"connection", N_("Kind of connection"), YES_NO},
    {"screen", N_("Screen"), YES_NO},
    {"platform", N_("System"), YES_NO},
    {"language", N_("Language"), YES_NO},
};

struct agent_desk_property_words agent_desk_property_words(const char *name)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].name, name))
            return (struct agent_desk_property_words){words[i].title, words[i].yes, words[i].no};
    return (struct agent_desk_property_words){NULL, YES_NO};
}

/* The two largest of its parts: whoever reads how many days it runs does not want the seconds. */
static void put_duration(double seconds, char out[static AGENT_DESK_FIGURE_BYTES])
{
    static const struct {
        const char *unit;
        unsigned seconds;
    } parts[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    unsigned long left = (unsigned long)seconds;
    size_t i = 0;

    while (left < parts[i].seconds)
        i++;
    int at = snprintf(out, AGENT_DESK_FIGURE_BYTES, "%lu %s", left / parts[i].seconds, parts[i].unit);
    left %= parts[i].seconds;
    if (i + 1 < sizeof parts / sizeof *parts && left / parts[i + 1].seconds)
        snprintf(out + at, AGENT_DESK_FIGURE_BYTES - (size_t)at, " %lu %s", left / parts[i + 1].seconds,
                 parts[i + 1].unit);
}

void agent_desk_property_figure(double number, const char *unit, char out[static AGENT_DESK_FIGURE_BYTES])
{
    static const struct {
        const char *unit, *larger;
        double times;
    } scales[] = {{"KiB", "MiB", 1024}, {"MiB", "GiB", 1024}, {"GiB", "TiB", 1024},
                  {"kB", "MB", 1000},   {"MB", "GB", 1000},   {"GB", "TB", 1000}};
    char text[PROTO_NUMBER_BYTES];

    unit = unit ? unit : "";
    if (!strcmp(unit, "s") && number >= 60 && number < AGENT_DESK_DURATION_MAX_S) {
        put_duration(number, out);
        return;
    }
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        if (!strcmp(unit, scales[i].unit) && fabs(number) >= scales[i].times) {
            number = round(number / scales[i].times * 10) / 10;
            unit = scales[i].larger;
        }
    proto_number_text(number, text);
    snprintf(out, AGENT_DESK_FIGURE_BYTES, "%s%s%.32s", text, *unit ? " " : "", unit);
}

/* As the sources of client/state name them; Home Assistant's components are among them. */
static const struct {
    const char *kind, *words;
} kinds[] = {
    {"computer", N_("Computer")},
    {"phone", N_("Phone")},
    {"network_interface", N_("Network interface")},
    {"wifi_interface", N_("Wi-Fi interface")},
    {"router", N_("Router")},
    {"network_neighbour", N_("Device in the network")},
    {"battery", N_("Battery")},
    {"hub", N_("Hub")},
    {"matter_device", N_("Matter device")},
    {"homekit_device", N_("HomeKit device")},
    {"esphome_device", N_("ESPHome device")},
    {"web_device", N_("Device with web page")},
    {"mqtt_broker", N_("MQTT broker")},
    {"printer", N_("Printer")},
    {"scanner", N_("Scanner")},
    {"media_player", N_("Media player")},
    {"light", N_("Lamp")},
    {"lock", N_("Lock")},
    {"cover", N_("Blind or shutter")},
    {"climate", N_("Heating or cooling")},
    {"vacuum", N_("Vacuum cleaner")},
    {"fan", N_("Fan")},
    {"siren", N_("Siren")},
    {"camera", N_("Camera")},
    {"switch", N_("Switch")},
    {"binary_sensor", N_("Sensor")},
    {"sensor", N_("Sensor")},
    {"device", N_("Device")},
};

const char *agent_desk_kind_words(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].kind, kind))
            return kinds[i].words;
    return NULL;
}

/* Of the machine that the companion runs on (client/state/linux.c). */
const char *agent_desk_id_words(const char *id)
{
    return strcmp(id, "this-device") == 0 ? N_("This device") : NULL;
}
