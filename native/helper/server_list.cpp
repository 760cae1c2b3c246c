#include "server_list.h"

#include <windows.h>

#include <comcat.h>
#include <opccomn.h>
#include <opcda.h>

#include "../common/com/com_ptr.h"
#include "../common/com/task_memory.h"
#include "../common/text/utf.h"
#include "activation.h"

namespace understudy::helper {
namespace {

constexpr uint8_t kFromOpcEnum = 1;
constexpr uint8_t kFromCategories = 2;
constexpr uint8_t kFromRegistry = 3;

std::vector<CATID> CategoriesOf(uint8_t versions) {
  std::vector<CATID> categories;
  if (versions & 1) categories.push_back(CATID_OPCDAServer10);
  if (versions & 2) categories.push_back(CATID_OPCDAServer20);
  if (versions & 4) categories.push_back(CATID_OPCDAServer30);
  return categories;
}

bool Has(const wire::ListServersAnswer& answer, REFCLSID clsid) {
  for (const auto& entry : answer.servers) {
    if (std::memcmp(entry.clsid.bytes, &clsid, sizeof clsid) == 0) return true;
  }
  return false;
}

void Add(wire::ListServersAnswer& answer, REFCLSID clsid, LPCWSTR prog_id, LPCWSTR description,
         LPCWSTR version_independent) {
  if (!prog_id || !*prog_id || Has(answer, clsid)) return;
  wire::ServerEntry entry;
  std::memcpy(entry.clsid.bytes, &clsid, sizeof clsid);
  entry.prog_id = WireText(prog_id);
  entry.description = WireText(WideOf(description));
  if (version_independent && *version_independent) entry.version_independent_prog_id = WireText(version_independent);
  answer.servers.push_back(std::move(entry));
}

Activation EnumeratorOn(const wire::ListServers& request) {
  Activation activation;
  activation.machine = understudy::WideOf(request.machine);
  // The categories manager is a DLL on this machine.
  if (IsThisMachine(activation.machine)) activation.class_context = CLSCTX_ALL;
  return activation;
}

// What differs between the two generations of OPCEnum.
struct ListNow {
  using List = IOPCServerList2;
  using Enumerator = IOPCEnumGUID;
  static HRESULT Details(List& list, REFCLSID clsid, OwnedString& prog_id, OwnedString& description, OwnedString& version_independent) {
    return list.GetClassDetails(clsid, prog_id.Out(), description.Out(), version_independent.Out());
  }
};
struct ListThen {
  using List = IOPCServerList;
  using Enumerator = IEnumGUID;
  static HRESULT Details(List& list, REFCLSID clsid, OwnedString& prog_id, OwnedString& description, OwnedString&) {
    return list.GetClassDetails(clsid, prog_id.Out(), description.Out());
  }
};

template <class Generation>
HRESULT AskList(const wire::ListServers& request, std::vector<CATID>& categories, wire::ListServersAnswer& answer) {
  ComPtr<typename Generation::List> list;
  HRESULT result = Activate(EnumeratorOn(request), CLSID_OPCServerList, __uuidof(typename Generation::List), list.OutUnknown());
  if (FAILED(result)) return result;
  ComPtr<typename Generation::Enumerator> classes;
  // A null pointer for no categories does not get through COM's proxies.
  CATID none = {};
  result = list->EnumClassesOfCategories(static_cast<ULONG>(categories.size()), categories.data(), 0, &none, classes.Out());
  if (FAILED(result) || !classes) return FAILED(result) ? result : E_FAIL;
  CLSID clsid;
  ULONG fetched = 0;
  while (classes->Next(1, &clsid, &fetched) == S_OK && fetched == 1) {
    OwnedString prog_id;
    OwnedString description;
    OwnedString version_independent;
    if (SUCCEEDED(Generation::Details(*list.get(), clsid, prog_id, description, version_independent))) {
      Add(answer, clsid, prog_id.get(), description.get(), version_independent.get());
    }
  }
  return S_OK;
}

HRESULT AskOpcEnum(const wire::ListServers& request, std::vector<CATID>& categories, wire::ListServersAnswer& answer) {
  const HRESULT result = AskList<ListNow>(request, categories, answer);
  return result == E_NOINTERFACE ? AskList<ListThen>(request, categories, answer) : result;
}

std::wstring ClassText(const std::wstring& key) {
  wchar_t text[512] = {};
  LONG size = sizeof text;
  return RegQueryValueW(HKEY_CLASSES_ROOT, key.c_str(), text, &size) == ERROR_SUCCESS ? text : L"";
}

void AddClassOfThisMachine(wire::ListServersAnswer& answer, REFCLSID clsid) {
  OwnedString prog_id;
  if (FAILED(ProgIDFromCLSID(clsid, prog_id.Out()))) return;
  wchar_t guid[40];
  StringFromGUID2(clsid, guid, 40);
  const std::wstring key = std::wstring(L"CLSID\\") + guid;
  Add(answer, clsid, prog_id.get(), ClassText(key).c_str(), ClassText(key + L"\\VersionIndependentProgID").c_str());
}

HRESULT AskCategories(const wire::ListServers& request, std::vector<CATID>& categories,
                      wire::ListServersAnswer& answer) {
  ComPtr<ICatInformation> information;
  HRESULT result = Activate(EnumeratorOn(request), CLSID_StdComponentCategoriesMgr, __uuidof(ICatInformation),
                            information.OutUnknown());
  if (FAILED(result)) return result;
  ComPtr<IEnumGUID> classes;
  result = information->EnumClassesOfCategories(static_cast<ULONG>(categories.size()), categories.data(), 0, nullptr,
                                                reinterpret_cast<IEnumCLSID**>(classes.Out()));
  if (FAILED(result) || !classes) return result;
  CLSID clsid;
  ULONG fetched = 0;
  // Names are found only here: the categories manager knows none.
  while (classes->Next(1, &clsid, &fetched) == S_OK && fetched == 1) AddClassOfThisMachine(answer, clsid);
  return S_OK;
}

// DA 1.0 servers have a key OPC below their ProgID.
void AskRegistry(wire::ListServersAnswer& answer) {
  wchar_t name[256];
  for (DWORD index = 0;; ++index) {
    DWORD size = 256;
    const LSTATUS status = RegEnumKeyExW(HKEY_CLASSES_ROOT, index, name, &size, nullptr, nullptr, nullptr, nullptr);
    if (status == ERROR_MORE_DATA) continue;
    if (status != ERROR_SUCCESS) return;
    HKEY key;
    if (RegOpenKeyExW(HKEY_CLASSES_ROOT, (std::wstring(name) + L"\\OPC").c_str(), 0, KEY_READ, &key)) continue;
    RegCloseKey(key);
    CLSID clsid;
    if (SUCCEEDED(CLSIDFromProgID(name, &clsid))) AddClassOfThisMachine(answer, clsid);
  }
}

}  // namespace

int32_t ListServers(const wire::ListServers& request, wire::ListServersAnswer& answer) {
  std::vector<CATID> categories = CategoriesOf(request.versions);
  if (categories.empty()) return E_INVALIDARG;
  answer.source = kFromOpcEnum;
  const HRESULT asked = AskOpcEnum(request, categories, answer);
  if (SUCCEEDED(asked)) return S_OK;
  // Names of another machine's classes are known to its OPCEnum alone.
  if (!IsThisMachine(understudy::WideOf(request.machine))) return asked;
  answer.source = kFromCategories;
  const HRESULT found = AskCategories(request, categories, answer);
  if (SUCCEEDED(found) && !answer.servers.empty()) return S_OK;
  answer.source = kFromRegistry;
  AskRegistry(answer);
  return S_OK;
}

}  // namespace understudy::helper
