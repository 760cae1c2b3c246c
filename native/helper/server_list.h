// Which OPC DA servers a machine has.
#pragma once

#include "../common/wire/requests.h"
#include "../common/wire/responses.h"

namespace understudy::helper {

// Asks OPCEnum, then the component categories, then (here) the registry.
int32_t ListServers(const wire::ListServers& request, wire::ListServersAnswer& answer);

}  // namespace understudy::helper
