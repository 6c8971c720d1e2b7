/* principal otp enrol, remove: authenticators. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/message_string.h"
#include "cli/tell.h"

#include <stdio.h>

/* The URI alone on stdout: it goes to a program that draws it. */
static void print_enrolled(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__EnrolOtpResponse *answer = (const Hikyaku__V1__EnrolOtpResponse *)response;
    (void)context;
    tell("for the authenticator of %s; it is told only once", answer->principal->name);
    (void)puts(answer->uri);
}

static void print_removed(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__RemoveOtpResponse *answer = (const Hikyaku__V1__RemoveOtpResponse *)response;
    (void)context;
    (void)printf("%s has no authenticator\n", answer->principal->name);
}

static enum exit_code run_enrol(const struct options *options)
{
    Hikyaku__V1__EnrolOtpRequest request;
    hikyaku__v1__enrol_otp_request__init(&request);
    request.principal = message_string(options_positional(options, 0));
    return single_call_run(options, API_METHOD_ENROL_OTP, &request.base, print_enrolled, NULL);
}

static enum exit_code run_remove(const struct options *options)
{
    Hikyaku__V1__RemoveOtpRequest request;
    hikyaku__v1__remove_otp_request__init(&request);
    request.principal = message_string(options_positional(options, 0));
    return single_call_run(options, API_METHOD_REMOVE_OTP, &request.base, print_removed, NULL);
}

const struct command principal_otp_enrol_command = {
    .name = "principal otp enrol",
    .words = "NAME",
    .summary = "give a principal an authenticator for one-time codes",
    .help =
        "What authenticators read is written to stdout, once: draw it, let it be read, forget\n"
        "it. An authenticator it had is worth nothing any more. Your own you renew with --otp.\n"
        "\n"
        "  hikyaku principal otp enrol yamada | qrencode -t ansiutf8",
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_enrol,
};

const struct command principal_otp_remove_command = {
    .name = "principal otp remove",
    .words = "NAME",
    .summary = "take away a principal's authenticator",
    .help = "  hikyaku principal otp remove yamada",
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_remove,
};
