#include "worker/claim/link_state.h"

void link_state_on_connection(struct link_state *state, bool is_connected)
{
    state->is_connected = is_connected;
    state->is_welcome = false;
}

static enum link_change refuse(struct link_state *state)
{
    bool was_welcome = state->is_welcome;
    bool was_refused = state->is_refused;
    state->is_welcome = false;
    state->is_refused = true;
    if (was_welcome) {
        return LINK_FORGOTTEN;
    }
    return was_refused ? LINK_SAME : LINK_REFUSED;
}

enum link_change link_state_on_message(struct link_state *state,
                                       Hikyaku__V1__FleetMessage__BodyCase body_case)
{
    if (body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_REFUSED) {
        return refuse(state);
    }
    if (body_case != HIKYAKU__V1__FLEET_MESSAGE__BODY_WELCOME) {
        return LINK_SAME;
    }
    state->is_welcome = true;
    state->is_refused = false;
    return LINK_WELCOMED;
}

bool link_state_wants_hello(const struct link_state *state)
{
    return state->is_connected && !state->is_welcome;
}

void link_state_on_answer(struct link_state *state)
{
    state->misses++;
}

void link_state_on_seen(struct link_state *state)
{
    state->misses = 0;
}

bool link_state_is_gone(const struct link_state *state)
{
    return state->misses > LINK_STATE_MISSES_MAX;
}
