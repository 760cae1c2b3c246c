#include "activation.h"

#include <opccomn.h>

#include "../common/com/com_ptr.h"
#include "../common/com/original_class.h"

namespace understudy::helper {
namespace {

constexpr DWORD kDefaultAuthentication = RPC_C_AUTHN_LEVEL_PKT_INTEGRITY;

}  // namespace

bool IsThisMachine(const std::wstring& machine) {
  if (machine.empty() || _wcsicmp(machine.c_str(), L"localhost") == 0 || machine == L"127.0.0.1") return true;
  for (const auto kind : {ComputerNameNetBIOS, ComputerNameDnsHostname, ComputerNameDnsFullyQualified}) {
    wchar_t name[512];
    DWORD size = 512;
    if (GetComputerNameExW(kind, name, &size) && _wcsicmp(machine.c_str(), name) == 0) return true;
  }
  return false;
}

HRESULT FindClass(const Activation& activation, CLSID& clsid) {
  if (!activation.id.empty() && activation.id[0] == L'{') return CLSIDFromString(activation.id.c_str(), &clsid);
  if (!IsThisMachine(activation.machine)) {
    Activation enumerator = activation;
    enumerator.class_context = 0;
    ComPtr<IOPCServerList> list;
    const HRESULT found = Activate(enumerator, CLSID_OPCServerList, __uuidof(IOPCServerList), list.OutUnknown());
    if (SUCCEEDED(found) && SUCCEEDED(list->CLSIDFromProgID(activation.id.c_str(), &clsid))) return S_OK;
  }
  // The ProgID may lead to the proxy, which would lead back here.
  if (FindOriginalClass(activation.id, clsid)) return S_OK;
  return CLSIDFromProgID(activation.id.c_str(), &clsid);
}

HRESULT Activate(const Activation& activation, REFCLSID clsid, REFIID iid, IUnknown** out) {
  const bool here = IsThisMachine(activation.machine);
  const DWORD natural = here ? CLSCTX_LOCAL_SERVER : CLSCTX_REMOTE_SERVER;
  COAUTHINFO authentication = {};
  authentication.dwAuthnSvc = RPC_C_AUTHN_WINNT;
  authentication.dwAuthzSvc = RPC_C_AUTHZ_NONE;
  authentication.dwAuthnLevel = activation.authentication ? activation.authentication : kDefaultAuthentication;
  authentication.dwImpersonationLevel = RPC_C_IMP_LEVEL_IMPERSONATE;
  COSERVERINFO machine = {};
  machine.pwszName = const_cast<LPWSTR>(activation.machine.c_str());
  machine.pAuthInfo = &authentication;
  MULTI_QI wanted = {&iid, nullptr, E_NOINTERFACE};
  const HRESULT result =
      CoCreateInstanceEx(clsid, nullptr, activation.class_context ? activation.class_context : natural,
                         here ? nullptr : &machine, 1, &wanted);
  if (FAILED(result)) return result;
  if (FAILED(wanted.hr)) return wanted.hr;
  *out = wanted.pItf;
  return S_OK;
}

HRESULT InitializeSecurity(DWORD authentication) {
  return CoInitializeSecurity(nullptr, -1, nullptr, nullptr, authentication ? authentication : kDefaultAuthentication,
                              RPC_C_IMP_LEVEL_IMPERSONATE, nullptr, EOAC_NONE, nullptr);
}

}  // namespace understudy::helper
