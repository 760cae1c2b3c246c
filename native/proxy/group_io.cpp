// IOPCSyncIO and IOPCSyncIO2.
#include <algorithm>

#include "group_object.h"
#include "guard.h"
#include "read_columns.h"

namespace understudy {

std::vector<OPCHANDLE> GroupObject::ClientsOf(const std::vector<uint32_t>& items) {
  std::vector<OPCHANDLE> clients;
  clients.reserve(items.size());
  const Lock lock(group_->mutex);
  for (const uint32_t handle : items) {
    const Item* item = group_->items.Find(handle);
    clients.push_back(item ? item->client : 0);
  }
  return clients;
}

HRESULT GroupObject::ReadFrom(Source source, DWORD max_age_ms, const std::vector<uint32_t>& items, wire::States& states) {
  wire::Read request;
  request.server = kServer;
  request.group = group_->id;
  request.source = static_cast<uint8_t>(source);
  request.max_age_ms = max_age_ms;
  request.items = items;
  HRESULT result = link().Call(request, states, Repeat::kAfterLoss);
  if (result == E_NOINTERFACE && source == Source::kMaxAge) {
    // The server that is active now is an older one; what comes from the device is never too old.
    request.source = static_cast<uint8_t>(Source::kDevice);
    result = link().Call(request, states, Repeat::kAfterLoss);
  }
  return result;
}

HRESULT GroupObject::ReadCache(DWORD count, const OPCHANDLE* handles, OPCITEMSTATE** states, HRESULT** errors) {
  TaskArray<OPCITEMSTATE> given(count);
  TaskArray<HRESULT> outcome(count);
  if (!given || !outcome) return E_OUTOFMEMORY;
  HRESULT result = S_OK;
  const Lock lock(group_->mutex);
  const bool is_group_active = group_->settings.is_active;
  for (DWORD row = 0; row < count; ++row) {
    const Item* item = group_->items.Find(handles[row]);
    if (!item || FAILED(item->error)) {
      outcome[row] = item ? ClientResult(item->error) : OPC_E_INVALIDHANDLE;
      result = S_FALSE;
      continue;
    }
    OPCITEMSTATE& state = given[row];
    state.hClient = item->client;
    state.ftTimeStamp = FileTime(item->timestamp);
    state.wQuality = item->has_value ? item->quality : OPC_QUALITY_WAITING_FOR_INITIAL_DATA;
    if (!is_group_active || !item->is_active) state.wQuality = OPC_QUALITY_OUT_OF_SERVICE;
    const VARIANT& value = item->value.get();
    if (V_VT(&value) == VT_BSTR || (V_VT(&value) & VT_ARRAY) != 0) VariantCopy(&state.vDataValue, const_cast<VARIANT*>(&value));
    else state.vDataValue = value;
  }
  *states = given.Detach();
  *errors = outcome.Detach();
  return result;
}

STDMETHODIMP GroupObject::Read(OPCDATASOURCE source, DWORD count, OPCHANDLE* handles, OPCITEMSTATE** states, HRESULT** errors) {
  if (states) *states = nullptr;
  if (errors) *errors = nullptr;
  if (!states || !errors || !IsArray(handles, count)) return E_INVALIDARG;
  if (source != OPC_DS_CACHE && source != OPC_DS_DEVICE) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    if (source == OPC_DS_CACHE) return ReadCache(count, handles, states, errors);
    ReadColumns columns(count);
    TaskArray<HRESULT> chosen(count);
    if (!columns.IsAllocated() || !chosen) return E_OUTOFMEMORY;
    std::vector<DWORD> rows;
    std::vector<uint32_t> items;
    Choose(count, handles, chosen.get(), rows, items);
    wire::States read;
    const HRESULT result = rows.empty() ? S_OK : ReadFrom(Source::kDevice, 0, items, read);
    if (FAILED(result)) return ClientResult(result);
    if (!columns.Put(rows, read)) return E_FAIL;
    for (DWORD row = 0; row < count; ++row) {
      if (FAILED(chosen[row])) columns.Fail(row, chosen[row]);
    }
    return columns.Give(ClientsOf(std::vector<uint32_t>(handles, handles + count)), states, errors);
  });
}

STDMETHODIMP GroupObject::ReadMaxAge(DWORD count, OPCHANDLE* handles, DWORD* max_ages, VARIANT** values, WORD** qualities,
                                     FILETIME** times, HRESULT** errors) {
  if (values) *values = nullptr;
  if (qualities) *qualities = nullptr;
  if (times) *times = nullptr;
  if (errors) *errors = nullptr;
  if (!values || !qualities || !times || !errors || !IsArray(handles, count) || !IsArray(max_ages, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    ReadColumns columns(count);
    TaskArray<HRESULT> chosen(count);
    if (!columns.IsAllocated() || !chosen) return E_OUTOFMEMORY;
    std::vector<DWORD> rows;
    std::vector<uint32_t> items;
    Choose(count, handles, chosen.get(), rows, items);
    // The least age that is asked for suits all.
    const DWORD max_age_ms = *std::min_element(max_ages, max_ages + count);
    wire::States read;
    const HRESULT result = rows.empty() ? S_OK : ReadFrom(Source::kMaxAge, max_age_ms, items, read);
    if (FAILED(result)) return ClientResult(result);
    if (!columns.Put(rows, read)) return E_FAIL;
    for (DWORD row = 0; row < count; ++row) {
      if (FAILED(chosen[row])) columns.Fail(row, chosen[row]);
    }
    return columns.Give(values, qualities, times, errors);
  });
}

HRESULT GroupObject::EncodeWrite(DWORD count, const OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* full, uint8_t via,
                                 HRESULT* errors, std::vector<DWORD>& rows, wire::Write& request) {
  request.server = kServer;
  request.group = group_->id;
  request.via = via;
  wire::ValuesWriter writer;
  std::vector<DWORD> known;
  std::vector<uint32_t> items;
  Choose(count, handles, errors, known, items);
  for (size_t index = 0; index < known.size(); ++index) {
    const DWORD row = known[index];
    const VARIANT& value = values ? values[row] : full[row].vDataValue;
    // A value that cannot travel is not begun: its row would shift the others.
    wire::ValuesWriter trial;
    errors[row] = PutVariant(trial, value);
    if (FAILED(errors[row])) continue;
    PutVariant(writer, value);
    rows.push_back(row);
    request.items.push_back(items[index]);
    if (!full) continue;
    const OPCITEMVQT& item = full[row];
    request.given.push_back(static_cast<uint8_t>((item.bQualitySpecified ? 1 : 0) | (item.bTimeStampSpecified ? 2 : 0)));
    request.qualities.push_back(item.bQualitySpecified ? item.wQuality : 0);
    request.timestamps.push_back(item.bTimeStampSpecified ? Number(item.ftTimeStamp) : 0);
  }
  request.values = writer.Finish();
  return rows.empty() ? S_FALSE : S_OK;
}

HRESULT GroupObject::WriteItems(DWORD count, OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* full, HRESULT** errors) {
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    TaskArray<HRESULT> outcome(count);
    if (!outcome) return E_OUTOFMEMORY;
    std::vector<DWORD> rows;
    wire::Write request;
    wire::Errors written;
    if (EncodeWrite(count, handles, values, full, 0, outcome.get(), rows, request) == S_OK) {
      const HRESULT result = link().Call(request, written, Repeat::kNever);
      if (FAILED(result)) return ClientResult(result);
    }
    if (written.errors.size() != rows.size()) return E_FAIL;
    for (size_t index = 0; index < rows.size(); ++index) outcome[rows[index]] = ClientResult(written.errors[index]);
    const bool is_well = std::all_of(outcome.get(), outcome.get() + count, [](HRESULT error) { return error == S_OK; });
    *errors = outcome.Detach();
    return is_well ? S_OK : S_FALSE;
  });
}

STDMETHODIMP GroupObject::Write(DWORD count, OPCHANDLE* handles, VARIANT* values, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!errors || !IsArray(handles, count) || !IsArray(values, count)) return E_INVALIDARG;
  return WriteItems(count, handles, values, nullptr, errors);
}

STDMETHODIMP GroupObject::WriteVQT(DWORD count, OPCHANDLE* handles, OPCITEMVQT* items, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!errors || !IsArray(handles, count) || !IsArray(items, count)) return E_INVALIDARG;
  return WriteItems(count, handles, nullptr, items, errors);
}

}  // namespace understudy
