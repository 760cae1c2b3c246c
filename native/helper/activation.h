// Finding and creating classes on this machine or another one.
#pragma once

#include <windows.h>

#include <objbase.h>

#include <string>

namespace understudy::helper {

struct Activation {
  std::wstring id;  // ProgID, or CLSID in braces
  std::wstring machine;
  DWORD class_context = 0;   // 0 = the natural one
  DWORD authentication = 0;  // RPC_C_AUTHN_LEVEL; 0 = packet integrity
};

bool IsThisMachine(const std::wstring& machine);

// Asks this machine's registry, and for another machine its OPCEnum first.
HRESULT FindClass(const Activation& activation, CLSID& clsid);

HRESULT Activate(const Activation& activation, REFCLSID clsid, REFIID iid, IUnknown** out);

// Once per process: calls with packet integrity at least, callbacks from anybody who authenticates.
HRESULT InitializeSecurity(DWORD authentication);

}  // namespace understudy::helper
