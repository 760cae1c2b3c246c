#include "group.h"
#include "item_attributes.h"

namespace understudy::simulator {

GroupItem* Group::FindItem(OPCHANDLE handle) {
  const auto found = items_.find(handle);
  return found == items_.end() ? nullptr : &found->second;
}

HRESULT Group::CheckDefinition(const OPCITEMDEF& definition, GroupItem& item, OPCITEMRESULT& result) const {
  if (!definition.szItemID || !*definition.szItemID) return OPC_E_INVALIDITEMID;
  item.item = world_->space.Find(definition.szItemID);
  if (!item.item) return OPC_E_UNKNOWNITEMID;
  if (definition.szAccessPath && *definition.szAccessPath) return OPC_E_UNKNOWNPATH;
  Sample sample = item.item->SampleAt(NowMs());
  Variant probe(sample.value);
  if (definition.vtRequestedDataType != VT_EMPTY && definition.vtRequestedDataType != item.item->type()) {
    const HRESULT converted = ConvertTo(definition.vtRequestedDataType, probe.get());
    // A value that does not fit now may fit later; a type that cannot be made never will.
    if (FAILED(converted) && converted != OPC_E_RANGE && item.item->type() != VT_BSTR) return OPC_E_BADTYPE;
  }
  item.client_handle = definition.hClient;
  item.active = definition.bActive != FALSE;
  item.requested_type = definition.vtRequestedDataType;
  item.access_path = WideOf(definition.szAccessPath);
  result.vtCanonicalDataType = item.item->type();
  result.dwAccessRights = item.item->access_rights();
  return S_OK;
}

STDMETHODIMP Group::AddItems(DWORD count, OPCITEMDEF* definitions, OPCITEMRESULT** results, HRESULT** errors) {
  world_->faults.Pass();
  if (results) *results = nullptr;
  if (errors) *errors = nullptr;
  if (count == 0 || !definitions || !results || !errors) return E_INVALIDARG;
  TaskArray<OPCITEMRESULT> added(count);
  TaskArray<HRESULT> outcome(count);
  if (!added || !outcome) return E_OUTOFMEMORY;
  HRESULT overall = S_OK;
  std::lock_guard lock(mutex_);
  for (DWORD index = 0; index < count; ++index) {
    GroupItem item;
    outcome[index] = CheckDefinition(definitions[index], item, added[index]);
    if (FAILED(outcome[index])) {
      overall = S_FALSE;
      continue;
    }
    added[index].hServer = ++last_handle_;
    items_.emplace(last_handle_, std::move(item));
  }
  *results = added.Detach();
  *errors = outcome.Detach();
  return overall;
}

STDMETHODIMP Group::ValidateItems(DWORD count, OPCITEMDEF* definitions, BOOL, OPCITEMRESULT** results,
                                  HRESULT** errors) {
  world_->faults.Pass();
  if (results) *results = nullptr;
  if (errors) *errors = nullptr;
  if (count == 0 || !definitions || !results || !errors) return E_INVALIDARG;
  TaskArray<OPCITEMRESULT> checked(count);
  TaskArray<HRESULT> outcome(count);
  if (!checked || !outcome) return E_OUTOFMEMORY;
  HRESULT overall = S_OK;
  for (DWORD index = 0; index < count; ++index) {
    GroupItem item;
    outcome[index] = CheckDefinition(definitions[index], item, checked[index]);
    if (FAILED(outcome[index])) overall = S_FALSE;
  }
  *results = checked.Detach();
  *errors = outcome.Detach();
  return overall;
}

HRESULT Group::ForEachItem(DWORD count, OPCHANDLE* handles, HRESULT** errors,
                           const std::function<HRESULT(GroupItem&, DWORD)>& act, Pace pace) {
  if (pace == Pace::kAtOnce) world_->faults.WaitWhileHanging();
  else world_->faults.Pass();
  if (errors) *errors = nullptr;
  if (count == 0 || !handles || !errors) return E_INVALIDARG;
  TaskArray<HRESULT> outcome(count);
  if (!outcome) return E_OUTOFMEMORY;
  HRESULT overall = S_OK;
  std::lock_guard lock(mutex_);
  for (DWORD index = 0; index < count; ++index) {
    GroupItem* item = FindItem(handles[index]);
    outcome[index] = item ? act(*item, index) : OPC_E_INVALIDHANDLE;
    if (FAILED(outcome[index])) overall = S_FALSE;
  }
  *errors = outcome.Detach();
  return overall;
}

STDMETHODIMP Group::RemoveItems(DWORD count, OPCHANDLE* handles, HRESULT** errors) {
  return ForEachItem(count, handles, errors, [&](GroupItem&, DWORD index) {
    items_.erase(handles[index]);
    return S_OK;
  });
}

STDMETHODIMP Group::SetActiveState(DWORD count, OPCHANDLE* handles, BOOL active, HRESULT** errors) {
  return ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD) {
    if (active && !item.active) item.sent_version.reset();
    item.active = active != FALSE;
    return S_OK;
  });
}

STDMETHODIMP Group::SetClientHandles(DWORD count, OPCHANDLE* handles, OPCHANDLE* client_handles, HRESULT** errors) {
  if (!client_handles) return E_INVALIDARG;
  return ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD index) {
    item.client_handle = client_handles[index];
    return S_OK;
  });
}

STDMETHODIMP Group::SetDatatypes(DWORD count, OPCHANDLE* handles, VARTYPE* types, HRESULT** errors) {
  if (!types) return E_INVALIDARG;
  return ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD index) -> HRESULT {
    Variant probe(item.item->SampleAt(NowMs()).value);
    if (ConvertTo(types[index], probe.get()) == OPC_E_BADTYPE) return OPC_E_BADTYPE;
    item.requested_type = types[index];
    item.sent_version.reset();
    return S_OK;
  });
}

STDMETHODIMP Group::CreateEnumerator(REFIID iid, LPUNKNOWN* out) {
  world_->faults.Pass();
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  std::vector<ItemAttributes> all;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [handle, item] : items_) {
      all.push_back({item.access_path, item.item, item.active, item.client_handle, handle, item.requested_type});
    }
  }
  if (all.empty()) return S_FALSE;
  const auto enumerator = ComPtr<IEnumOPCItemAttributes>::Adopt(new ItemAttributesEnumerator(std::move(all)));
  return enumerator->QueryInterface(iid, reinterpret_cast<void**>(out));
}

}  // namespace understudy::simulator
