// IOPCBrowseServerAddressSpace and IOPCBrowse.
#include "../common/com/enumerators.h"
#include "../common/com/wildcard.h"
#include "properties.h"
#include "server.h"

namespace understudy::simulator {
namespace {

// Folders have no item id of their own; in IOPCBrowse they go by their path.
constexpr wchar_t kSeparator = L'/';

std::vector<std::wstring> SplitPath(const std::wstring& text) {
  std::vector<std::wstring> parts;
  size_t from = 0;
  while (from < text.size()) {
    const size_t end = std::min(text.find(kSeparator, from), text.size());
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

struct LeafFilter {
  std::wstring pattern;
  VARTYPE type;
  DWORD access_rights;

  bool Takes(const Item& item, const std::wstring& name) const {
    return (pattern.empty() || MatchesWildcard(name, pattern)) && (type == VT_EMPTY || item.type() == type) &&
           (access_rights == 0 || (item.access_rights() & access_rights) != 0);
  }
};

void CollectFlat(const Folder& folder, const LeafFilter& filter, std::vector<std::wstring>& out) {
  for (const Item* item : folder.items) {
    if (filter.Takes(*item, item->id())) out.push_back(item->id());
  }
  for (const auto& child : folder.folders) CollectFlat(*child, filter, out);
}

void FillProperties(const Item& item, bool with_values, DWORD count, const DWORD* ids, OPCITEMPROPERTIES& out) {
  const auto kinds = PropertiesOf(item);
  std::vector<DWORD> wanted;
  if (ids) wanted.assign(ids, ids + count);
  else for (const PropertyKind& kind : kinds) wanted.push_back(kind.id);
  out.hrErrorID = S_OK;
  out.dwNumProperties = static_cast<DWORD>(wanted.size());
  TaskArray<OPCITEMPROPERTY> rows(wanted.size());
  for (size_t index = 0; index < wanted.size() && rows; ++index) {
    OPCITEMPROPERTY& row = rows[index];
    row.dwPropertyID = wanted[index];
    row.szItemID = TaskString(L"");
    row.hrErrorID = OPC_E_INVALID_PID;
    for (const PropertyKind& kind : kinds) {
      if (kind.id != wanted[index]) continue;
      row.vtDataType = kind.type;
      row.szDescription = TaskString(kind.description);
      row.hrErrorID = S_OK;
      Variant value;
      if (with_values) row.hrErrorID = PropertyValue(item, kind.id, value);
      row.vValue = value.Detach();
    }
    if (!row.szDescription) row.szDescription = TaskString(L"");
    if (FAILED(row.hrErrorID)) out.hrErrorID = S_FALSE;
  }
  out.pItemProperties = rows.Detach();
}

}  // namespace

STDMETHODIMP Server::QueryOrganization(OPCNAMESPACETYPE* organization) {
  world_->faults.Pass();
  if (!organization) return E_INVALIDARG;
  *organization = OPC_NS_HIERARCHIAL;
  return S_OK;
}

STDMETHODIMP Server::ChangeBrowsePosition(OPCBROWSEDIRECTION direction, LPCWSTR text) {
  world_->faults.Pass();
  std::lock_guard lock(mutex_);
  std::vector<std::wstring> position = position_;
  switch (direction) {
    case OPC_BROWSE_UP:
      if (position.empty()) return E_FAIL;
      position.pop_back();
      break;
    case OPC_BROWSE_DOWN:
      if (!text || !*text) return E_INVALIDARG;
      position.push_back(text);
      break;
    case OPC_BROWSE_TO:
      position = SplitPath(WideOf(text));
      break;
    default:
      return E_INVALIDARG;
  }
  if (!world_->space.FindFolder(position)) return E_INVALIDARG;
  position_ = std::move(position);
  return S_OK;
}

STDMETHODIMP Server::BrowseOPCItemIDs(OPCBROWSETYPE type, LPCWSTR filter, VARTYPE data_type, DWORD access_rights,
                                      LPENUMSTRING* out) {
  world_->faults.Pass();
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  const LeafFilter leaves{WideOf(filter), data_type, access_rights};
  std::vector<std::wstring> names;
  {
    std::lock_guard lock(mutex_);
    const Folder* folder = world_->space.FindFolder(position_);
    if (!folder) return E_FAIL;
    switch (type) {
      case OPC_BRANCH:
        for (const auto& child : folder->folders) {
          if (leaves.pattern.empty() || MatchesWildcard(child->name, leaves.pattern)) names.push_back(child->name);
        }
        break;
      case OPC_LEAF:
        for (const Item* item : folder->items) {
          if (leaves.Takes(*item, item->name())) names.push_back(item->name());
        }
        break;
      case OPC_FLAT:
        CollectFlat(*folder, leaves, names);
        break;
      default:
        return E_INVALIDARG;
    }
  }
  const bool none = names.empty();
  *out = new StringEnumerator(std::move(names));
  return none ? S_FALSE : S_OK;
}

STDMETHODIMP Server::GetItemID(LPCWSTR name, LPWSTR* item_id) {
  world_->faults.Pass();
  if (!item_id) return E_INVALIDARG;
  *item_id = nullptr;
  const std::wstring wanted = WideOf(name);
  std::lock_guard lock(mutex_);
  const Folder* folder = world_->space.FindFolder(position_);
  std::wstring found;
  if (folder) {
    for (const Item* item : folder->items) {
      if (item->name() == wanted) found = item->id();
    }
    const Folder* child = folder->Find(wanted);
    if (found.empty() && (child || wanted.empty())) {
      std::vector<std::wstring> path = position_;
      if (child) path.push_back(wanted);
      for (const auto& part : path) found += (found.empty() ? L"" : std::wstring(1, kSeparator)) + part;
    } else if (found.empty() && world_->space.Find(wanted)) {
      found = wanted;  // the name of a flat browse is the item id already
    }
  }
  if (found.empty() && !wanted.empty()) return E_INVALIDARG;
  *item_id = TaskString(found);
  return *item_id ? S_OK : E_OUTOFMEMORY;
}

STDMETHODIMP Server::BrowseAccessPaths(LPCWSTR, LPENUMSTRING* out) {
  world_->faults.Pass();
  if (out) *out = nullptr;
  return E_NOTIMPL;
}

STDMETHODIMP Server::GetProperties(DWORD count, LPWSTR* item_ids, BOOL with_values, DWORD property_count,
                                   DWORD* property_ids, OPCITEMPROPERTIES** out) {
  world_->faults.Pass();
  if (out) *out = nullptr;
  if (count == 0 || !item_ids || !out || (property_count > 0 && !property_ids)) return E_INVALIDARG;
  TaskArray<OPCITEMPROPERTIES> rows(count);
  if (!rows) return E_OUTOFMEMORY;
  HRESULT overall = S_OK;
  for (DWORD index = 0; index < count; ++index) {
    const std::wstring item_id = WideOf(item_ids[index]);
    const Item* item = world_->space.Find(item_id);
    if (item) FillProperties(*item, with_values, property_count, property_count ? property_ids : nullptr, rows[index]);
    else rows[index].hrErrorID = item_id.empty() ? OPC_E_INVALIDITEMID : OPC_E_UNKNOWNITEMID;
    if (rows[index].hrErrorID != S_OK) overall = S_FALSE;
  }
  *out = rows.Detach();
  return overall;
}

STDMETHODIMP Server::Browse(LPWSTR item_id, LPWSTR* continuation, DWORD most, OPCBROWSEFILTER filter, LPWSTR name_filter,
                            LPWSTR, BOOL all_properties, BOOL with_values, DWORD property_count, DWORD* property_ids,
                            BOOL* more, DWORD* count, OPCBROWSEELEMENT** out) {
  world_->faults.Pass();
  if (!continuation || !more || !count || !out || (property_count > 0 && !property_ids)) return E_INVALIDARG;
  *more = FALSE;
  *count = 0;
  *out = nullptr;
  if (filter < OPC_BROWSE_FILTER_ALL || filter > OPC_BROWSE_FILTER_ITEMS) return E_INVALIDARG;
  const Folder* folder = world_->space.FindFolder(SplitPath(WideOf(item_id)));
  if (!folder) return world_->space.Find(WideOf(item_id)) ? S_OK : OPC_E_UNKNOWNITEMID;

  struct Element {
    const Folder* folder;
    const Item* item;
  };
  const std::wstring pattern = WideOf(name_filter);
  std::vector<Element> elements;
  for (const auto& child : folder->folders) {
    if (filter != OPC_BROWSE_FILTER_ITEMS && (pattern.empty() || MatchesWildcard(child->name, pattern))) {
      elements.push_back({child.get(), nullptr});
    }
  }
  for (const Item* item : folder->items) {
    if (filter != OPC_BROWSE_FILTER_BRANCHES && (pattern.empty() || MatchesWildcard(item->name(), pattern))) {
      elements.push_back({nullptr, item});
    }
  }
  // A continuation point is the number of elements that were given already.
  size_t from = 0;
  if (*continuation && **continuation) {
    wchar_t* end = nullptr;
    from = wcstoul(*continuation, &end, 10);
    if (*end || from == 0 || from >= elements.size()) return OPC_E_INVALIDCONTINUATIONPOINT;
  }
  CoTaskMemFree(*continuation);
  const size_t left = elements.size() - from;
  const size_t given = most == 0 ? left : std::min<size_t>(most, left);
  *continuation = TaskString(given < left ? std::to_wstring(from + given) : L"");
  TaskArray<OPCBROWSEELEMENT> rows(given);
  if (!rows || !*continuation) return E_OUTOFMEMORY;
  std::wstring prefix = WideOf(item_id);
  if (!prefix.empty()) prefix += kSeparator;
  for (size_t index = 0; index < given; ++index) {
    const Element& element = elements[from + index];
    OPCBROWSEELEMENT& row = rows[index];
    row.szName = TaskString(element.folder ? element.folder->name : element.item->name());
    row.szItemID = TaskString(element.folder ? prefix + element.folder->name : element.item->id());
    row.dwFlagValue = element.folder ? OPC_BROWSE_HASCHILDREN : OPC_BROWSE_ISITEM;
    if (element.item && (all_properties || property_count > 0)) {
      FillProperties(*element.item, with_values, property_count, all_properties ? nullptr : property_ids,
                     row.ItemProperties);
    }
  }
  *count = static_cast<DWORD>(given);
  *out = rows.Detach();
  return S_OK;
}

}  // namespace understudy::simulator
