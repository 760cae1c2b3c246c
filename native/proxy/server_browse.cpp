// IOPCBrowseServerAddressSpace and IOPCBrowse. The position is the client's affair and kept here.
#include <algorithm>

#include "../common/com/enumerators.h"
#include "property_lists.h"
#include "server_object.h"
#include "text.h"

namespace understudy {
namespace {

bool AreStrings(LPWSTR* strings, DWORD count) {
  return IsArray(strings, count) && std::all_of(strings, strings + count, [](LPCWSTR text) { return text != nullptr; });
}

std::vector<std::wstring> WideAll(const std::vector<wire::Text>& texts) {
  std::vector<std::wstring> all;
  all.reserve(texts.size());
  for (const auto& text : texts) all.push_back(Wide(text));
  return all;
}

// Deeper than any address space; ends a search that a server leads in circles.
constexpr size_t kDeepest = 64;

}  // namespace

std::vector<wire::Text> ServerObject::BrowsePosition() {
  const Lock lock(mutex_);
  return browse_position_;
}

STDMETHODIMP ServerObject::QueryOrganization(OPCNAMESPACETYPE* type) {
  if (!type) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::QueryOrganization request;
    request.server = kServer;
    wire::OrganizationAnswer answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (SUCCEEDED(result)) *type = static_cast<OPCNAMESPACETYPE>(answer.organization);
    return ClientResult(result);
  });
}

HRESULT ServerObject::BrowseNames(const std::vector<wire::Text>& path, OPCBROWSETYPE type, LPCWSTR filter, VARTYPE data_type,
                                  DWORD access_rights, std::vector<wire::Text>& names) {
  wire::BrowseAddressSpace request;
  request.server = kServer;
  request.path = path;
  request.browse_type = static_cast<uint32_t>(type);
  request.filter = WireText(filter);
  request.data_type = data_type;
  request.access_rights = access_rights;
  wire::Names answer;
  const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
  names = std::move(answer.names);
  return result;
}

// Where a branch with this item id stands: level by level, down the branch whose item id the wanted one begins with.
HRESULT ServerObject::FindBranch(const wire::Text& item_id, std::vector<wire::Text>& path) {
  while (path.size() < kDeepest) {
    wire::GetItemIds request;
    request.server = kServer;
    request.path = path;
    HRESULT result = BrowseNames(path, OPC_BRANCH, L"", VT_EMPTY, 0, request.names);
    if (FAILED(result)) return result;
    if (request.names.empty()) return E_INVALIDARG;
    wire::ItemIdsAnswer answer;
    result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return result;
    if (answer.errors.size() != request.names.size() || answer.item_ids.size() != request.names.size()) return E_FAIL;
    size_t best = request.names.size();
    size_t best_size = 0;
    for (size_t index = 0; index < answer.item_ids.size(); ++index) {
      const auto& candidate = answer.item_ids[index];
      if (FAILED(answer.errors[index]) || !candidate || candidate->empty()) continue;
      if (candidate->size() < best_size || item_id.compare(0, candidate->size(), *candidate) != 0) continue;
      best = index;
      best_size = candidate->size();
    }
    if (best == request.names.size()) return E_INVALIDARG;
    path.push_back(request.names[best]);
    if (best_size == item_id.size()) return S_OK;
  }
  return E_INVALIDARG;
}

STDMETHODIMP ServerObject::ChangeBrowsePosition(OPCBROWSEDIRECTION direction, LPCWSTR name) {
  if (direction != OPC_BROWSE_UP && direction != OPC_BROWSE_DOWN && direction != OPC_BROWSE_TO) return E_INVALIDARG;
  if (direction == OPC_BROWSE_DOWN && (!name || !*name)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    std::vector<wire::Text> path = BrowsePosition();
    if (direction == OPC_BROWSE_UP) {
      // At the root there is no way up.
      if (path.empty()) return E_FAIL;
      path.pop_back();
    } else if (direction == OPC_BROWSE_TO) {
      path.clear();
      const HRESULT result = name && *name ? FindBranch(WireText(name), path) : S_OK;
      if (FAILED(result)) return ClientResult(result);
    } else {
      std::vector<wire::Text> branches;
      const HRESULT result = BrowseNames(path, OPC_BRANCH, L"", VT_EMPTY, 0, branches);
      if (FAILED(result)) return ClientResult(result);
      const wire::Text wanted = WireText(name);
      if (std::find(branches.begin(), branches.end(), wanted) == branches.end()) return E_INVALIDARG;
      path.push_back(wanted);
    }
    const Lock lock(mutex_);
    browse_position_ = std::move(path);
    return S_OK;
  });
}

STDMETHODIMP ServerObject::BrowseOPCItemIDs(OPCBROWSETYPE type, LPCWSTR filter, VARTYPE data_type, DWORD access_rights,
                                            LPENUMSTRING* out) {
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  if (type != OPC_BRANCH && type != OPC_LEAF && type != OPC_FLAT) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    std::vector<wire::Text> names;
    const HRESULT result = BrowseNames(BrowsePosition(), type, filter, data_type, access_rights, names);
    if (FAILED(result)) return ClientResult(result);
    *out = new StringEnumerator(WideAll(names));
    return names.empty() ? S_FALSE : S_OK;
  });
}

STDMETHODIMP ServerObject::GetItemID(LPCWSTR name, LPWSTR* item_id) {
  if (!item_id) return E_INVALIDARG;
  *item_id = nullptr;
  if (!name) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::GetItemIds request;
    request.server = kServer;
    request.path = BrowsePosition();
    request.names = {WireText(name)};
    wire::ItemIdsAnswer answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    if (answer.errors.size() != 1 || answer.item_ids.size() != 1) return E_FAIL;
    if (FAILED(answer.errors[0])) return ClientResult(answer.errors[0]);
    *item_id = TaskString(answer.item_ids[0] ? Wide(*answer.item_ids[0]) : std::wstring());
    return *item_id ? S_OK : E_OUTOFMEMORY;
  });
}

STDMETHODIMP ServerObject::BrowseAccessPaths(LPCWSTR item_id, LPENUMSTRING* out) {
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  if (!item_id) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::BrowseAccessPaths request;
    request.server = kServer;
    request.item_id = WireText(item_id);
    wire::Names answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    *out = new StringEnumerator(WideAll(answer.names));
    return answer.names.empty() ? S_FALSE : S_OK;
  });
}

STDMETHODIMP ServerObject::GetProperties(DWORD count, LPWSTR* item_ids, BOOL return_values, DWORD id_count, DWORD* ids,
                                         OPCITEMPROPERTIES** properties) {
  if (!properties) return E_INVALIDARG;
  *properties = nullptr;
  if (!AreStrings(item_ids, count) || (id_count > 0 && !IsArray(ids, id_count))) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::GetProperties request;
    request.server = kServer;
    for (DWORD index = 0; index < count; ++index) request.item_ids.push_back(WireText(item_ids[index]));
    request.property_values = return_values != FALSE;
    request.ids.assign(ids, ids + id_count);
    wire::PropertyLists answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    if (answer.lists.size() != count) return E_FAIL;
    TaskArray<OPCITEMPROPERTIES> given(count);
    if (!given) return E_OUTOFMEMORY;
    bool is_well = true;
    for (DWORD index = 0; index < count; ++index) is_well = CopyProperties(answer.lists[index], given[index]) == S_OK && is_well;
    *properties = given.Detach();
    return is_well ? S_OK : S_FALSE;
  });
}

STDMETHODIMP ServerObject::Browse(LPWSTR item_id, LPWSTR* continuation, DWORD most, OPCBROWSEFILTER filter, LPWSTR name_filter,
                                  LPWSTR vendor_filter, BOOL all_properties, BOOL return_values, DWORD id_count, DWORD* ids, BOOL* more,
                                  DWORD* count, OPCBROWSEELEMENT** elements) {
  if (more) *more = FALSE;
  if (count) *count = 0;
  if (elements) *elements = nullptr;
  if (!continuation || !more || !count || !elements || (id_count > 0 && !IsArray(ids, id_count))) return E_INVALIDARG;
  if (filter < OPC_BROWSE_FILTER_ALL || filter > OPC_BROWSE_FILTER_ITEMS) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::Browse request;
    request.server = kServer;
    request.item_id = WireText(item_id);
    if (*continuation && **continuation) request.continuation = WireText(*continuation);
    request.max_elements = most;
    request.filter = static_cast<uint32_t>(filter);
    request.name_filter = WireText(name_filter);
    request.vendor_filter = WireText(vendor_filter);
    request.all_properties = all_properties != FALSE;
    request.property_values = return_values != FALSE;
    if (id_count > 0) request.properties.assign(ids, ids + id_count);
    wire::BrowseAnswer answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    TaskArray<OPCBROWSEELEMENT> given(answer.elements.size());
    const LPWSTR next = TaskString(answer.continuation ? Wide(*answer.continuation) : std::wstring());
    if (!given || !next) return E_OUTOFMEMORY;
    bool is_well = true;
    for (size_t index = 0; index < answer.elements.size(); ++index) {
      const wire::BrowseElement& from = answer.elements[index];
      OPCBROWSEELEMENT& to = given[index];
      to.szName = TaskString(from.name ? Wide(*from.name) : std::wstring());
      to.szItemID = TaskString(from.item_id ? Wide(*from.item_id) : std::wstring());
      to.dwFlagValue = from.flags;
      is_well = CopyProperties(from.properties, to.ItemProperties) == S_OK && is_well;
    }
    CoTaskMemFree(*continuation);
    *continuation = next;
    *more = answer.more;
    *count = static_cast<DWORD>(answer.elements.size());
    *elements = given.Detach();
    return is_well ? S_OK : S_FALSE;
  });
}

}  // namespace understudy
