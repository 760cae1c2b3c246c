#include "server_list.h"

#include <comcat.h>

#include "../common/com/enumerators.h"

namespace understudy::simulator {
namespace {

template <class Interface>
class GuidEnumerator : public ListEnumerator<Interface, GUID, GUID> {
  using ListEnumerator<Interface, GUID, GUID>::ListEnumerator;
};

HRESULT FindClasses(ULONG implemented, CATID* implemented_ids, ULONG required, CATID* required_ids, std::vector<GUID>& found) {
  ComPtr<ICatInformation> information;
  HRESULT result = CoCreateInstance(CLSID_StdComponentCategoriesMgr, nullptr, CLSCTX_INPROC_SERVER, __uuidof(ICatInformation),
                                    information.OutVoid());
  if (FAILED(result)) return result;
  ComPtr<IEnumGUID> classes;
  result = information->EnumClassesOfCategories(implemented, implemented_ids, required, required_ids,
                                                reinterpret_cast<IEnumCLSID**>(classes.Out()));
  if (FAILED(result)) return result;
  GUID clsid;
  ULONG fetched = 0;
  while (classes->Next(1, &clsid, &fetched) == S_OK && fetched == 1) found.push_back(clsid);
  return S_OK;
}

template <class Interface>
HRESULT Enumerate(ULONG implemented, CATID* implemented_ids, ULONG required, CATID* required_ids, Interface** out) {
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  std::vector<GUID> found;
  const HRESULT result = FindClasses(implemented, implemented_ids, required, required_ids, found);
  if (SUCCEEDED(result)) *out = new GuidEnumerator<Interface>(std::move(found));
  return result;
}

std::wstring TextOfKey(const std::wstring& key) {
  wchar_t text[512] = {};
  LONG size = sizeof text;
  return RegQueryValueW(HKEY_CLASSES_ROOT, key.c_str(), text, &size) == ERROR_SUCCESS ? text : L"";
}

HRESULT Describe(REFCLSID clsid, LPOLESTR* prog_id, LPOLESTR* user_type) {
  if (!prog_id || !user_type) return E_INVALIDARG;
  *user_type = nullptr;
  const HRESULT result = ProgIDFromCLSID(clsid, prog_id);
  if (SUCCEEDED(result)) *user_type = TaskString(TextOfKey(L"CLSID\\" + TextOf(clsid)));
  return result;
}

HRESULT Find(LPCWSTR prog_id, LPCLSID clsid) { return prog_id && clsid ? ::CLSIDFromProgID(prog_id, clsid) : E_INVALIDARG; }

}  // namespace

STDMETHODIMP ServerList1::EnumClassesOfCategories(ULONG implemented, CATID* implemented_ids, ULONG required, CATID* required_ids,
                                                  IEnumGUID** out) {
  return Enumerate(implemented, implemented_ids, required, required_ids, out);
}
STDMETHODIMP ServerList1::GetClassDetails(REFCLSID clsid, LPOLESTR* prog_id, LPOLESTR* user_type) {
  return Describe(clsid, prog_id, user_type);
}
STDMETHODIMP ServerList1::CLSIDFromProgID(LPCWSTR prog_id, LPCLSID clsid) { return Find(prog_id, clsid); }

STDMETHODIMP ServerList2::EnumClassesOfCategories(ULONG implemented, CATID* implemented_ids, ULONG required, CATID* required_ids,
                                                  IEnumGUID** out) {
  return Enumerate(implemented, implemented_ids, required, required_ids, out);
}
STDMETHODIMP ServerList2::EnumClassesOfCategories(ULONG implemented, CATID* implemented_ids, ULONG required, CATID* required_ids,
                                                  IOPCEnumGUID** out) {
  return Enumerate(implemented, implemented_ids, required, required_ids, out);
}
STDMETHODIMP ServerList2::GetClassDetails(REFCLSID clsid, LPOLESTR* prog_id, LPOLESTR* user_type) {
  return Describe(clsid, prog_id, user_type);
}
STDMETHODIMP ServerList2::GetClassDetails(REFCLSID clsid, LPOLESTR* prog_id, LPOLESTR* user_type, LPOLESTR* version_independent) {
  if (!version_independent) return E_INVALIDARG;
  *version_independent = nullptr;
  const HRESULT result = Describe(clsid, prog_id, user_type);
  if (SUCCEEDED(result)) *version_independent = TaskString(TextOfKey(L"CLSID\\" + TextOf(clsid) + L"\\VersionIndependentProgID"));
  return result;
}
STDMETHODIMP ServerList2::CLSIDFromProgID(LPCWSTR prog_id, LPCLSID clsid) { return Find(prog_id, clsid); }

HRESULT CreateServerList(int version, REFIID iid, void** out) {
  if (version == 1) return ComPtr<ServerList1>::Adopt(new ServerList1())->QueryInterface(iid, out);
  return ComPtr<ServerList2>::Adopt(new ServerList2())->QueryInterface(iid, out);
}

ExeServer ServerListRegistration(int version) {
  return {CLSID_OPCServerList, L"OPC.ServerList.1", L"", L"Understudy stand-in for OPCEnum",
          L"\"" + ProgramPath() + L"\" --opcenum " + std::to_wstring(version), {}};
}

}  // namespace understudy::simulator
