// A stand-in for OPCEnum of the OPC Core Components, which Wine does not have: it lists this machine's classes by category.
#pragma once

#include <windows.h>

#include <opccomn.h>

#include "../common/com/com_object.h"
#include "../common/com/registration.h"

namespace understudy::simulator {

// Older ones have the first interface alone.
class ServerList1 : public ComObject<IOPCServerList> {
 public:
  STDMETHODIMP EnumClassesOfCategories(ULONG implemented, CATID* implemented_ids, ULONG required, CATID* required_ids,
                                       IEnumGUID** out) override;
  STDMETHODIMP GetClassDetails(REFCLSID clsid, LPOLESTR* prog_id, LPOLESTR* user_type) override;
  STDMETHODIMP CLSIDFromProgID(LPCWSTR prog_id, LPCLSID clsid) override;
};

class ServerList2 : public ComObject<IOPCServerList, IOPCServerList2> {
 public:
  STDMETHODIMP EnumClassesOfCategories(ULONG implemented, CATID* implemented_ids, ULONG required, CATID* required_ids,
                                       IEnumGUID** out) override;
  STDMETHODIMP EnumClassesOfCategories(ULONG implemented, CATID* implemented_ids, ULONG required, CATID* required_ids,
                                       IOPCEnumGUID** out) override;
  STDMETHODIMP GetClassDetails(REFCLSID clsid, LPOLESTR* prog_id, LPOLESTR* user_type) override;
  STDMETHODIMP GetClassDetails(REFCLSID clsid, LPOLESTR* prog_id, LPOLESTR* user_type, LPOLESTR* version_independent) override;
  STDMETHODIMP CLSIDFromProgID(LPCWSTR prog_id, LPCLSID clsid) override;
};

// 1 or 2: which of them the class object makes.
HRESULT CreateServerList(int version, REFIID iid, void** out);
ExeServer ServerListRegistration(int version);

}  // namespace understudy::simulator
