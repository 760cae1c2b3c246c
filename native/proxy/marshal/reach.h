// Whether clients that ask for a local server may be given the object inside their own process.
#pragma once

#include <objbase.h>

#include "../settings.h"

namespace understudy {

// True where the policy allows it and every client this machine can run, of 64 and of 32 bit, would find the DLL under
// this class: one that could not load it would get nothing at all.
bool CanClientsLoadProxy(REFCLSID clsid, LocalClients policy);

}  // namespace understudy
