// Browsing and properties.
#include "../common/text/utf.h"
#include "server_link.h"

namespace understudy::helper {
namespace {

using understudy::WideOf;

std::vector<std::wstring> WideTexts(const std::vector<std::u16string>& texts) {
  std::vector<std::wstring> wide;
  for (const auto& text : texts) wide.push_back(WideOf(text));
  return wide;
}

std::vector<LPWSTR> Pointers(std::vector<std::wstring>& texts) {
  std::vector<LPWSTR> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  return pointers;
}

wire::OptionalText TakeText(LPWSTR text) {
  if (!text) return std::nullopt;
  wire::OptionalText taken = WireText(text);
  CoTaskMemFree(text);
  return taken;
}

// Proxies refuse a null pointer also where the count is 0.
std::vector<DWORD> PropertyIds(const std::vector<uint32_t>& from) {
  std::vector<DWORD> ids;
  ids.reserve(from.size() + 1);
  ids.assign(from.begin(), from.end());
  return ids;
}

HRESULT TakeNames(IEnumString& names, std::vector<std::u16string>& out) {
  constexpr ULONG kBatch = 256;
  for (;;) {
    LPOLESTR batch[kBatch] = {};
    ULONG fetched = 0;
    const HRESULT result = names.Next(kBatch, batch, &fetched);
    if (FAILED(result)) return result;
    for (ULONG index = 0; index < fetched && index < kBatch; ++index) {
      if (auto name = TakeText(batch[index])) out.push_back(std::move(*name));
    }
    if (result != S_OK || fetched == 0) return S_OK;
  }
}

wire::PropertyList TakeProperties(OPCITEMPROPERTIES& from) {
  wire::PropertyList list;
  list.error = from.hrErrorID;
  for (DWORD index = 0; from.pItemProperties && index < from.dwNumProperties; ++index) {
    OPCITEMPROPERTY& it = from.pItemProperties[index];
    wire::Property property;
    property.type = it.vtDataType;
    property.id = it.dwPropertyID;
    property.item_id = TakeText(it.szItemID);
    property.description = TakeText(it.szDescription);
    property.error = it.hrErrorID;
    wire::Writer value;
    const HRESULT encoded = EncodeVariant(value, it.vValue);
    if (FAILED(encoded)) property.error = encoded;
    property.value.bytes = value.Take();
    VariantClear(&it.vValue);
    list.properties.push_back(std::move(property));
  }
  CoTaskMemFree(from.pItemProperties);
  return list;
}

}  // namespace

HRESULT ServerLink::Browse(const wire::Browse& request, wire::BrowseAnswer& answer) {
  const auto browse = Interface<IOPCBrowse>();
  if (!browse) return E_NOINTERFACE;
  std::wstring item_id = WideOf(request.item_id);
  std::wstring name_filter = WideOf(request.name_filter);
  std::wstring vendor_filter = WideOf(request.vendor_filter);
  LPWSTR continuation = TaskString(request.continuation ? WideOf(*request.continuation) : std::wstring());
  std::vector<DWORD> ids = PropertyIds(request.properties);
  BOOL more = FALSE;
  DWORD count = 0;
  OPCBROWSEELEMENT* elements = nullptr;
  const HRESULT result =
      browse->Browse(item_id.data(), &continuation, request.max_elements, static_cast<OPCBROWSEFILTER>(request.filter),
                     name_filter.data(), vendor_filter.data(), request.all_properties, request.property_values,
                     static_cast<DWORD>(ids.size()), ids.data(), &more, &count, &elements);
  answer.continuation = TakeText(continuation);
  if (FAILED(result)) return result;
  if (answer.continuation && answer.continuation->empty()) answer.continuation.reset();
  answer.more = more != FALSE;
  for (DWORD index = 0; elements && index < count; ++index) {
    wire::BrowseElement element;
    element.name = TakeText(elements[index].szName);
    element.item_id = TakeText(elements[index].szItemID);
    element.flags = elements[index].dwFlagValue;
    element.properties = TakeProperties(elements[index].ItemProperties);
    answer.elements.push_back(std::move(element));
  }
  CoTaskMemFree(elements);
  return result;
}

// To the root, then down branch by branch: names of branches are no item ids that BROWSE_TO could take.
HRESULT ServerLink::MoveTo(IOPCBrowseServerAddressSpace& space, const std::vector<std::u16string>& path) {
  if (FAILED(space.ChangeBrowsePosition(OPC_BROWSE_TO, L""))) {
    // DA 1.0 servers know no BROWSE_TO: up until there is nothing above.
    constexpr int kDeepest = 1000;
    for (int depth = 0; depth < kDeepest && SUCCEEDED(space.ChangeBrowsePosition(OPC_BROWSE_UP, L"")); ++depth) {
    }
  }
  for (const auto& branch : path) {
    const HRESULT result = space.ChangeBrowsePosition(OPC_BROWSE_DOWN, WideOf(branch).c_str());
    if (FAILED(result)) return result;
  }
  return S_OK;
}

HRESULT ServerLink::BrowseAddressSpace(const wire::BrowseAddressSpace& request, wire::Names& answer) {
  const auto space = Interface<IOPCBrowseServerAddressSpace>();
  if (!space) return E_NOINTERFACE;
  std::lock_guard lock(browse_mutex_);
  HRESULT result = MoveTo(*space.get(), request.path);
  if (FAILED(result)) return result;
  ComPtr<IEnumString> names;
  result = space->BrowseOPCItemIDs(static_cast<OPCBROWSETYPE>(request.browse_type), WideOf(request.filter).c_str(),
                                   request.data_type, request.access_rights, names.Out());
  if (FAILED(result) || !names) return result;
  const HRESULT taken = TakeNames(*names.get(), answer.names);
  return FAILED(taken) ? taken : result;
}

HRESULT ServerLink::QueryOrganization(wire::OrganizationAnswer& answer) {
  const auto space = Interface<IOPCBrowseServerAddressSpace>();
  if (!space) return E_NOINTERFACE;
  OPCNAMESPACETYPE type = OPC_NS_HIERARCHIAL;
  const HRESULT result = space->QueryOrganization(&type);
  answer.organization = type;
  return result;
}

HRESULT ServerLink::GetItemIds(const wire::GetItemIds& request, wire::ItemIdsAnswer& answer) {
  const auto space = Interface<IOPCBrowseServerAddressSpace>();
  if (!space) return E_NOINTERFACE;
  std::lock_guard lock(browse_mutex_);
  const HRESULT moved = MoveTo(*space.get(), request.path);
  if (FAILED(moved)) return moved;
  HRESULT overall = S_OK;
  for (const auto& name : request.names) {
    OwnedString item_id;
    const HRESULT result = Noted(space->GetItemID(WideOf(name).c_str(), item_id.Out()));
    answer.errors.push_back(result);
    if (SUCCEEDED(result) && item_id.get()) answer.item_ids.emplace_back(WireText(item_id.get()));
    else answer.item_ids.emplace_back(std::nullopt);
    if (FAILED(result)) overall = S_FALSE;
  }
  return overall;
}

HRESULT ServerLink::BrowseAccessPaths(const wire::BrowseAccessPaths& request, wire::Names& answer) {
  const auto space = Interface<IOPCBrowseServerAddressSpace>();
  if (!space) return E_NOINTERFACE;
  std::lock_guard lock(browse_mutex_);
  ComPtr<IEnumString> names;
  const HRESULT result = space->BrowseAccessPaths(WideOf(request.item_id).c_str(), names.Out());
  if (FAILED(result) || !names) return result;
  const HRESULT taken = TakeNames(*names.get(), answer.names);
  return FAILED(taken) ? taken : result;
}

HRESULT ServerLink::QueryProperties(const wire::QueryProperties& request, wire::PropertiesAnswer& answer) {
  const auto properties = Interface<IOPCItemProperties>();
  if (!properties) return E_NOINTERFACE;
  std::wstring item_id = WideOf(request.item_id);
  DWORD count = 0;
  TaskArray<DWORD> ids;
  LPWSTR* descriptions = nullptr;
  TaskArray<VARTYPE> types;
  const HRESULT result =
      properties->QueryAvailableProperties(item_id.data(), &count, ids.Out(0), &descriptions, types.Out(0));
  if (FAILED(result)) return result;
  if (count > 0 && (!ids || !descriptions || !types)) return E_POINTER;
  for (DWORD index = 0; index < count; ++index) {
    answer.ids.push_back(ids[index]);
    answer.descriptions.push_back(TakeText(descriptions[index]));
    answer.types.push_back(types[index]);
  }
  CoTaskMemFree(descriptions);
  return result;
}

HRESULT ServerLink::GetItemProperties(const wire::GetItemProperties& request, wire::PropertyValues& answer) {
  const auto properties = Interface<IOPCItemProperties>();
  if (!properties) return E_NOINTERFACE;
  std::wstring item_id = WideOf(request.item_id);
  std::vector<DWORD> ids = PropertyIds(request.ids);
  const auto count = static_cast<DWORD>(ids.size());
  TaskArray<VARIANT> values;
  TaskArray<HRESULT> errors;
  const HRESULT result =
      properties->GetItemProperties(item_id.data(), count, ids.data(), values.Out(count), errors.Out(count));
  if (FAILED(result)) return result;
  if (!values || !errors) return E_POINTER;
  wire::ValuesWriter writer;
  for (DWORD index = 0; index < count; ++index) {
    if (FAILED(errors[index])) writer.Begin(VT_EMPTY);
    const HRESULT put = FAILED(errors[index]) ? errors[index] : PutVariant(writer, values[index]);
    answer.errors.push_back(FAILED(put) ? put : errors[index]);
  }
  answer.values = writer.Finish();
  return result;
}

HRESULT ServerLink::LookupItemIds(const wire::LookupItemIds& request, wire::ItemIdsAnswer& answer) {
  const auto properties = Interface<IOPCItemProperties>();
  if (!properties) return E_NOINTERFACE;
  std::wstring item_id = WideOf(request.item_id);
  std::vector<DWORD> ids = PropertyIds(request.ids);
  const auto count = static_cast<DWORD>(ids.size());
  LPWSTR* item_ids = nullptr;
  TaskArray<HRESULT> errors;
  const HRESULT result = properties->LookupItemIDs(item_id.data(), count, ids.data(), &item_ids, errors.Out(count));
  if (FAILED(result)) return result;
  if (!item_ids || !errors) return E_POINTER;
  for (DWORD index = 0; index < count; ++index) {
    answer.errors.push_back(errors[index]);
    answer.item_ids.push_back(TakeText(item_ids[index]));
  }
  CoTaskMemFree(item_ids);
  return result;
}

HRESULT ServerLink::GetProperties(const wire::GetProperties& request, wire::PropertyLists& answer) {
  const auto browse = Interface<IOPCBrowse>();
  if (!browse) return E_NOINTERFACE;
  std::vector<std::wstring> item_ids = WideTexts(request.item_ids);
  std::vector<LPWSTR> pointers = Pointers(item_ids);
  std::vector<DWORD> ids = PropertyIds(request.ids);
  OPCITEMPROPERTIES* lists = nullptr;
  const auto count = static_cast<DWORD>(pointers.size());
  const HRESULT result = browse->GetProperties(count, pointers.data(), request.property_values,
                                               static_cast<DWORD>(ids.size()), ids.data(), &lists);
  if (FAILED(result)) return result;
  if (!lists) return E_POINTER;
  for (DWORD index = 0; index < count; ++index) answer.lists.push_back(TakeProperties(lists[index]));
  CoTaskMemFree(lists);
  return result;
}

}  // namespace understudy::helper
