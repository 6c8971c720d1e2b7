/* In whose words: real replies. */
#include "tests/support/provider/provider_sim.h"

const struct provider_voice provider_sim_google = {
    "google",
    {REPLY_STAGE_DOT, 421, "4.7.28",
     "Gmail has detected an unusual rate of mail originating from your IP address."},
    {REPLY_STAGE_GREETING, 421, "4.7.0", "Too many concurrent connections from this client"},
    {REPLY_STAGE_MAIL, 421, "4.7.0", "Too many messages on this connection"},
};
const struct provider_voice provider_sim_yahoo = {
    "yahoo",
    {REPLY_STAGE_MAIL, 421, "4.7.0",
     "[TSS04] Messages from 192.0.2.192 temporarily deferred due to unexpected volume or user "
     "complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes"},
    {REPLY_STAGE_GREETING, 421, "4.7.0", "Too many concurrent connections from this client"},
    {REPLY_STAGE_MAIL, 421, "", "Max message per connection reached, closing transmission channel"},
};
const struct provider_voice provider_sim_microsoft = {
    "microsoft",
    {REPLY_STAGE_MAIL, 421, "",
     "RP-001 (SNT004-MC1F36) Unfortunately, some messages from 192.0.2.1 weren't sent. Please try "
     "again. We have limits for how many messages can be sent per hour and per day."},
    {REPLY_STAGE_GREETING, 421, "",
     "RP-003 The mail server IP connecting to Outlook.com server has exceeded the connection limit "
     "allowed."},
    {REPLY_STAGE_MAIL, 421, "",
     "RP-002 The mail server IP connecting to Outlook.com server has exceeded the rate limit "
     "allowed on this connection."},
};
const struct provider_voice provider_sim_postfix = {
    "",
    {REPLY_STAGE_RCPT, 450, "4.7.1",
     "Error: too much mail from 192.0.2.1; please try again slower"},
    {REPLY_STAGE_GREETING, 421, "4.7.0", "mx.test Error: too many connections from 192.0.2.1"},
    {REPLY_STAGE_MAIL, 421, "4.7.0", "mx.test Error: too many errors"},
};
const struct provider_voice provider_sim_apple = {
    "apple",
    {REPLY_STAGE_DOT, 421, "", "[HCM1] Your mail from 192.0.2.1 was deferred."},
    {REPLY_STAGE_GREETING, 421, "4.7.0", "Too many concurrent connections from this client"},
    {REPLY_STAGE_MAIL, 421, "4.7.0", "me.com Error: too many errors"},
};
