#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"

void api_fleet_handle(struct api_call *call)
{
    Hikyaku__V1__GetFleetResponse response;
    hikyaku__v1__get_fleet_response__init(&response);
    call->api->settings.fill_fleet(call->api->settings.fleet_context, call->arena, &response);
    api_call_answer(call, &response.base);
}
