// IOPCItemMgt.
#include <algorithm>

#include "group_object.h"
#include "guard.h"
#include "item_attributes.h"
#include "text.h"

namespace understudy {
namespace {

// Items of one request; more are sent in parts.
constexpr DWORD kPartItems = 20000;

wire::ItemDefinition Definition(uint32_t handle, const OPCITEMDEF& item) {
  wire::ItemDefinition definition;
  definition.item = handle;
  definition.active = item.bActive != FALSE;
  definition.requested_type = item.vtRequestedDataType;
  definition.access_path = WireText(item.szAccessPath);
  definition.item_id = WireText(item.szItemID);
  return definition;
}

HRESULT ResultOf(const HRESULT* errors, DWORD count) {
  return std::all_of(errors, errors + count, [](HRESULT error) { return error == S_OK; }) ? S_OK : S_FALSE;
}

}  // namespace

void GroupObject::Choose(DWORD count, const OPCHANDLE* handles, HRESULT* errors, std::vector<DWORD>& rows,
                         std::vector<uint32_t>& items) {
  rows.reserve(count);
  items.reserve(count);
  const Lock lock(group_->mutex);
  for (DWORD row = 0; row < count; ++row) {
    errors[row] = group_->items.Find(handles[row]) ? S_OK : OPC_E_INVALIDHANDLE;
    if (errors[row] != S_OK) continue;
    rows.push_back(row);
    items.push_back(handles[row]);
  }
}

STDMETHODIMP GroupObject::AddItems(DWORD count, OPCITEMDEF* items, OPCITEMRESULT** results, HRESULT** errors) {
  return DefineItems(count, items, results, errors, true);
}

STDMETHODIMP GroupObject::ValidateItems(DWORD count, OPCITEMDEF* items, BOOL, OPCITEMRESULT** results, HRESULT** errors) {
  return DefineItems(count, items, results, errors, false);
}

HRESULT GroupObject::DefineItems(DWORD count, OPCITEMDEF* items, OPCITEMRESULT** results, HRESULT** errors, bool is_added) {
  if (results) *results = nullptr;
  if (errors) *errors = nullptr;
  if (!results || !errors || !IsArray(items, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    TaskArray<OPCITEMRESULT> given(count);
    TaskArray<HRESULT> outcome(count);
    if (!given || !outcome) return E_OUTOFMEMORY;
    for (DWORD begin = 0; begin < count; begin += kPartItems) {
      const DWORD end = std::min(count, begin + kPartItems);
      if (is_added) AddPart(items, begin, end, given.get(), outcome.get());
      else ValidatePart(items, begin, end, given.get(), outcome.get());
    }
    const HRESULT result = ResultOf(outcome.get(), count);
    *results = given.Detach();
    *errors = outcome.Detach();
    return result;
  });
}

void GroupObject::AddPart(const OPCITEMDEF* items, DWORD begin, DWORD end, OPCITEMRESULT* results, HRESULT* errors) {
  wire::AddItems request;
  request.server = kServer;
  request.group = group_->id;
  std::vector<DWORD> rows;
  {
    const Lock lock(group_->mutex);
    for (DWORD row = begin; row < end; ++row) {
      const OPCITEMDEF& definition = items[row];
      if (!definition.szItemID || !*definition.szItemID) {
        errors[row] = OPC_E_INVALIDITEMID;
        continue;
      }
      Item item;
      item.is_active = definition.bActive != FALSE;
      item.requested_type = definition.vtRequestedDataType;
      item.client = definition.hClient;
      item.item_id = definition.szItemID;
      item.access_path = WideOf(definition.szAccessPath);
      request.items.push_back(Definition(group_->items.Add(std::move(item)), definition));
      rows.push_back(row);
    }
  }
  if (rows.empty()) return;
  std::vector<uint32_t> handles;
  for (const auto& definition : request.items) handles.push_back(definition.item);
  wire::AddedItems added;
  // On the link's thread, so that a connection that ends right afterwards is filled with these items too.
  HRESULT result = link().Call(request, added, Repeat::kAfterLoss, [group = group_, handles](HRESULT done, const Link::Bytes& body) {
    wire::Reader reader(body.data(), body.size());
    wire::AddedItems answer;
    if (FAILED(done) || !wire::DecodeBody(reader, answer)) return;
    const size_t count = handles.size();
    if (answer.errors.size() != count || answer.canonical_types.size() != count || answer.access_rights.size() != count) return;
    {
      const Lock lock(group->mutex);
      for (size_t index = 0; index < count; ++index) {
        Item* item = group->items.FindAny(handles[index]);
        if (!item || FAILED(answer.errors[index])) continue;
        item->state = Item::State::kLive;
        item->canonical_type = answer.canonical_types[index];
        item->access_rights = answer.access_rights[index];
      }
    }
    group->TellDirty();
  });
  const size_t count = handles.size();
  const bool fits = added.errors.size() == count && added.canonical_types.size() == count && added.access_rights.size() == count;
  if (SUCCEEDED(result) && !fits) result = E_FAIL;
  std::vector<uint32_t> refused;
  for (size_t index = 0; index < count; ++index) {
    const DWORD row = rows[index];
    errors[row] = FAILED(result) ? ClientResult(result) : ClientResult(added.errors[index]);
    if (FAILED(errors[row])) {
      refused.push_back(handles[index]);
      continue;
    }
    results[row].hServer = handles[index];
    results[row].vtCanonicalDataType = added.canonical_types[index];
    results[row].dwAccessRights = added.access_rights[index];
  }
  if (refused.empty()) return;
  {
    const Lock lock(group_->mutex);
    for (const uint32_t handle : refused) group_->items.Remove(handle);
  }
  if (SUCCEEDED(result)) return;
  // They may have been added all the same.
  wire::RemoveItems removal;
  removal.server = kServer;
  removal.group = group_->id;
  removal.items = std::move(refused);
  link().Post(std::move(removal), [](HRESULT, const Link::Bytes&) {});
}

void GroupObject::ValidatePart(const OPCITEMDEF* items, DWORD begin, DWORD end, OPCITEMRESULT* results, HRESULT* errors) {
  wire::ValidateItems request;
  request.server = kServer;
  request.group = group_->id;
  std::vector<DWORD> rows;
  for (DWORD row = begin; row < end; ++row) {
    if (!items[row].szItemID || !*items[row].szItemID) {
      errors[row] = OPC_E_INVALIDITEMID;
      continue;
    }
    rows.push_back(row);
    request.items.push_back(Definition(static_cast<uint32_t>(rows.size()), items[row]));
  }
  if (rows.empty()) return;
  wire::AddedItems checked;
  HRESULT result = link().Call(request, checked, Repeat::kAfterLoss);
  const size_t count = rows.size();
  const bool fits = checked.errors.size() == count && checked.canonical_types.size() == count && checked.access_rights.size() == count;
  if (SUCCEEDED(result) && !fits) result = E_FAIL;
  for (size_t index = 0; index < count; ++index) {
    const DWORD row = rows[index];
    errors[row] = FAILED(result) ? ClientResult(result) : ClientResult(checked.errors[index]);
    if (FAILED(errors[row])) continue;
    results[row].vtCanonicalDataType = checked.canonical_types[index];
    results[row].dwAccessRights = checked.access_rights[index];
  }
}

STDMETHODIMP GroupObject::RemoveItems(DWORD count, OPCHANDLE* handles, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!errors || !IsArray(handles, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    TaskArray<HRESULT> outcome(count);
    if (!outcome) return E_OUTOFMEMORY;
    wire::RemoveItems request;
    request.server = kServer;
    request.group = group_->id;
    {
      const Lock lock(group_->mutex);
      for (DWORD row = 0; row < count; ++row) {
        const bool is_known = group_->items.Find(handles[row]) != nullptr;
        outcome[row] = is_known ? S_OK : OPC_E_INVALIDHANDLE;
        if (!is_known) continue;
        group_->items.Remove(handles[row]);
        request.items.push_back(handles[row]);
      }
    }
    // For the client they are gone, whatever the broker says; without a connection there is nothing to remove.
    if (!request.items.empty()) link().Post(std::move(request), [](HRESULT, const Link::Bytes&) {});
    const HRESULT result = ResultOf(outcome.get(), count);
    *errors = outcome.Detach();
    return result;
  });
}

STDMETHODIMP GroupObject::SetActiveState(DWORD count, OPCHANDLE* handles, BOOL active, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!errors || !IsArray(handles, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    TaskArray<HRESULT> outcome(count);
    if (!outcome) return E_OUTOFMEMORY;
    wire::SetItemsActive request;
    std::vector<DWORD> rows;
    Choose(count, handles, outcome.get(), rows, request.items);
    request.server = kServer;
    request.group = group_->id;
    request.active = active != FALSE;
    wire::Errors done;
    HRESULT result = S_OK;
    if (!rows.empty()) {
      result = link().Call(request, done, Repeat::kAfterLoss, [group = group_, request](HRESULT changed, const Link::Bytes&) {
        if (FAILED(changed)) return;
        const Lock lock(group->mutex);
        for (const uint32_t handle : request.items) {
          if (Item* item = group->items.Find(handle)) item->is_active = request.active;
        }
      });
    }
    if (FAILED(result)) return ClientResult(result);
    if (done.errors.size() != rows.size()) return E_FAIL;
    for (size_t index = 0; index < rows.size(); ++index) outcome[rows[index]] = ClientResult(done.errors[index]);
    result = ResultOf(outcome.get(), count);
    *errors = outcome.Detach();
    return result;
  });
}

STDMETHODIMP GroupObject::SetClientHandles(DWORD count, OPCHANDLE* handles, OPCHANDLE* clients, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!errors || !IsArray(handles, count) || !IsArray(clients, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    TaskArray<HRESULT> outcome(count);
    if (!outcome) return E_OUTOFMEMORY;
    const Lock lock(group_->mutex);
    for (DWORD row = 0; row < count; ++row) {
      Item* item = group_->items.Find(handles[row]);
      outcome[row] = item ? S_OK : OPC_E_INVALIDHANDLE;
      if (item) item->client = clients[row];
    }
    const HRESULT result = ResultOf(outcome.get(), count);
    *errors = outcome.Detach();
    return result;
  });
}

STDMETHODIMP GroupObject::SetDatatypes(DWORD count, OPCHANDLE* handles, VARTYPE* types, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!errors || !IsArray(handles, count) || !IsArray(types, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    TaskArray<HRESULT> outcome(count);
    if (!outcome) return E_OUTOFMEMORY;
    wire::SetDatatypes request;
    std::vector<DWORD> rows;
    Choose(count, handles, outcome.get(), rows, request.items);
    request.server = kServer;
    request.group = group_->id;
    for (const DWORD row : rows) request.types.push_back(types[row]);
    wire::Errors done;
    HRESULT result = rows.empty() ? S_OK : link().Call(request, done, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    if (done.errors.size() != rows.size()) return E_FAIL;
    {
      const Lock lock(group_->mutex);
      for (size_t index = 0; index < rows.size(); ++index) {
        outcome[rows[index]] = ClientResult(done.errors[index]);
        Item* item = group_->items.Find(handles[rows[index]]);
        if (item && SUCCEEDED(done.errors[index])) item->requested_type = types[rows[index]];
      }
    }
    result = ResultOf(outcome.get(), count);
    *errors = outcome.Detach();
    return result;
  });
}

STDMETHODIMP GroupObject::CreateEnumerator(REFIID iid, LPUNKNOWN* out) {
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    std::vector<ItemAttributes> all;
    {
      const Lock lock(group_->mutex);
      for (const uint32_t handle : group_->items.Handles()) {
        const Item& item = *group_->items.Find(handle);
        all.push_back({item.access_path, item.item_id, item.is_active, item.client, handle, item.access_rights, item.requested_type,
                       item.canonical_type});
      }
    }
    const bool is_empty = all.empty();
    const auto object = ComPtr<ItemAttributesEnumerator>::Adopt(new ItemAttributesEnumerator(std::move(all)));
    const HRESULT result = object->QueryInterface(iid, reinterpret_cast<void**>(out));
    return SUCCEEDED(result) && is_empty ? S_FALSE : result;
  });
}

}  // namespace understudy
