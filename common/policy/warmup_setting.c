#include "common/policy/warmup_setting.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <string.h>

#define STORED_FORMAT 1
#define HEAD_BYTES 5

void warmup_setting_append(const struct warmup_setting *setting, struct buffer *out)
{
    unsigned char bytes[4] = {STORED_FORMAT};
    bytes_put_u16(bytes + 1, setting->hour_share);
    buffer_append(out, bytes, 3);
    bytes_put_u16(bytes, setting->plan.days);
    buffer_append(out, bytes, 2);
    for (uint16_t day = 0; day < setting->plan.days; day++) {
        bytes_put_u32(bytes, setting->plan.volumes[day]);
        buffer_append(out, bytes, 4);
    }
    buffer_append_string(out, setting->name);
    buffer_append_byte(out, '\0');
    buffer_append_string(out, setting->zone);
}

static int read_names(struct text names, struct warmup_setting *setting)
{
    size_t end = text_find(names, '\0');
    struct text zone = text_skip(names, end + 1);
    if (end == names.size || end >= sizeof setting->name || zone.size >= sizeof setting->zone ||
        text_find(zone, '\0') != zone.size || (zone.size > 0 && !time_zone_is_name(zone))) {
        return -EPROTO;
    }
    memcpy(setting->name, names.data, end);
    memcpy(setting->zone, zone.data, zone.size);
    return 0;
}

int warmup_setting_read(struct text stored, struct warmup_setting *ret_setting)
{
    const unsigned char *bytes = (const unsigned char *)stored.data;
    struct warmup_setting setting = {.hour_share = 0};
    if (stored.size < HEAD_BYTES || bytes[0] != STORED_FORMAT) {
        return -EPROTO;
    }
    setting.hour_share = bytes_get_u16(bytes + 1);
    setting.plan.days = bytes_get_u16(bytes + 3);
    size_t volumes = (size_t)setting.plan.days * 4;
    if (setting.hour_share == 0 || setting.hour_share > 1000 ||
        setting.plan.days > WARMUP_DAYS_MAX || stored.size < HEAD_BYTES + volumes) {
        return -EPROTO;
    }
    for (uint16_t day = 0; day < setting.plan.days; day++) {
        setting.plan.volumes[day] = bytes_get_u32(bytes + HEAD_BYTES + 4 * (size_t)day);
    }
    if (read_names(text_skip(stored, HEAD_BYTES + volumes), &setting) != 0) {
        return -EPROTO;
    }
    *ret_setting = setting;
    return 0;
}
