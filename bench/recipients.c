#include "bench/recipients.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const family_names[] = {
    "佐藤", "鈴木",   "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林",  "加藤", "吉田",
    "山田", "佐々木", "山口", "松本", "井上", "木村", "林",   "斎藤", "清水",  "山崎", "森",
    "池田", "橋本",   "阿部", "石川", "山下", "中島", "石井", "小川", "前田",  "岡田", "長谷川",
    "藤田", "後藤",   "近藤", "村上", "遠藤", "青木", "坂本", "髙田", "五十嵐"};
static const char *const given_names[] = {
    "花子", "太郎",   "美咲",   "陽菜", "結衣", "翔太", "大輔",   "健一",   "直樹",
    "恵子", "由美子", "さくら", "葵",   "蓮",   "湊",   "樹",     "悠真",   "凛",
    "紬",   "芽依",   "莉子",   "一郎", "和子", "幸子", "久美子", "真由美", "智子",
    "誠",   "隆",     "浩",     "学",   "優子", "綾",   "千尋"};
static const char *const words[] = {"sakura", "hana", "taro", "yuki", "sora", "mai",
                                    "ken",    "rin",  "haru", "nao",  "umi",  "kaze",
                                    "mori",   "aki",  "fuyu", "natsu"};

/* SplitMix64: good enough to spread names, and the same everywhere. */
static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static unsigned int domain_of(uint64_t random)
{
    static const unsigned int ends[] = {15, 28, 40, 51, 61, 70, 79, 87, 94, 100};
    unsigned int place = (unsigned int)(random % 100);
    unsigned int domain = 0;
    while (place >= ends[domain]) {
        domain++;
    }
    return domain;
}

void recipients_person(uint64_t seed, uint32_t index, struct recipients_person *ret_person)
{
    uint64_t random = mix(seed ^ mix(index));
    uint64_t other = mix(random);
    (void)snprintf(ret_person->address, sizeof ret_person->address, "%s.%s%03x%x@d%u.test",
                   words[random % COUNT(words)], words[random / 16 % COUNT(words)],
                   (unsigned int)(random >> 52), (unsigned int)index, domain_of(random >> 8));
    (void)snprintf(ret_person->fields, sizeof ret_person->fields,
                   "{\"name\":\"%s %s\",\"code\":\"%06llX\"}",
                   family_names[other % COUNT(family_names)],
                   given_names[other / 64 % COUNT(given_names)], (unsigned long long)(other >> 40));
    (void)snprintf(ret_person->ref, sizeof ret_person->ref, "c%08u", (unsigned int)index);
}
