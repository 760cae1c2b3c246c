// IOPCItemProperties and IOPCItemIO.
#include <algorithm>

#include "read_columns.h"
#include "server_object.h"
#include "text.h"

namespace understudy {
namespace {

bool AreStrings(LPCWSTR* strings, DWORD count) {
  return IsArray(strings, count) && std::all_of(strings, strings + count, [](LPCWSTR text) { return text != nullptr; });
}

HRESULT ResultOf(const TaskArray<HRESULT>& errors, DWORD count) {
  return std::all_of(errors.get(), errors.get() + count, [](HRESULT error) { return error == S_OK; }) ? S_OK : S_FALSE;
}

}  // namespace

STDMETHODIMP ServerObject::QueryAvailableProperties(LPWSTR item_id, DWORD* count, DWORD** ids, LPWSTR** descriptions, VARTYPE** types) {
  if (count) *count = 0;
  if (ids) *ids = nullptr;
  if (descriptions) *descriptions = nullptr;
  if (types) *types = nullptr;
  if (!item_id || !count || !ids || !descriptions || !types) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::QueryProperties request;
    request.server = kServer;
    request.item_id = WireText(item_id);
    wire::PropertiesAnswer answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    const size_t size = answer.ids.size();
    if (answer.descriptions.size() != size || answer.types.size() != size) return E_FAIL;
    TaskArray<DWORD> given_ids(size);
    TaskArray<LPWSTR> given_descriptions(size);
    TaskArray<VARTYPE> given_types(size);
    if (!given_ids || !given_descriptions || !given_types) return E_OUTOFMEMORY;
    for (size_t index = 0; index < size; ++index) {
      given_ids[index] = answer.ids[index];
      given_types[index] = answer.types[index];
      given_descriptions[index] = TaskString(answer.descriptions[index] ? Wide(*answer.descriptions[index]) : std::wstring());
      if (!given_descriptions[index]) return E_OUTOFMEMORY;
    }
    *count = static_cast<DWORD>(size);
    *ids = given_ids.Detach();
    *descriptions = given_descriptions.Detach();
    *types = given_types.Detach();
    return S_OK;
  });
}

STDMETHODIMP ServerObject::GetItemProperties(LPWSTR item_id, DWORD count, DWORD* ids, VARIANT** values, HRESULT** errors) {
  if (values) *values = nullptr;
  if (errors) *errors = nullptr;
  if (!item_id || !values || !errors || !IsArray(ids, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::GetItemProperties request;
    request.server = kServer;
    request.item_id = WireText(item_id);
    request.ids.assign(ids, ids + count);
    wire::PropertyValues answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    if (answer.errors.size() != count || answer.values.count != count) return E_FAIL;
    TaskArray<VARIANT> given(count);
    TaskArray<HRESULT> outcome(count);
    if (!given || !outcome) return E_OUTOFMEMORY;
    wire::ValueCursor cursor(answer.values);
    for (DWORD index = 0; index < count; ++index) {
      if (FAILED(TakeVariant(cursor, &given[index]))) return E_FAIL;
      outcome[index] = ClientResult(answer.errors[index]);
    }
    const HRESULT all = ResultOf(outcome, count);
    *values = given.Detach();
    *errors = outcome.Detach();
    return all;
  });
}

STDMETHODIMP ServerObject::LookupItemIDs(LPWSTR item_id, DWORD count, DWORD* ids, LPWSTR** item_ids, HRESULT** errors) {
  if (item_ids) *item_ids = nullptr;
  if (errors) *errors = nullptr;
  if (!item_id || !item_ids || !errors || !IsArray(ids, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::LookupItemIds request;
    request.server = kServer;
    request.item_id = WireText(item_id);
    request.ids.assign(ids, ids + count);
    wire::ItemIdsAnswer answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    if (answer.errors.size() != count || answer.item_ids.size() != count) return E_FAIL;
    TaskArray<LPWSTR> given(count);
    TaskArray<HRESULT> outcome(count);
    if (!given || !outcome) return E_OUTOFMEMORY;
    for (DWORD index = 0; index < count; ++index) {
      outcome[index] = ClientResult(answer.errors[index]);
      if (answer.item_ids[index]) given[index] = TaskString(Wide(*answer.item_ids[index]));
    }
    const HRESULT all = ResultOf(outcome, count);
    *item_ids = given.Detach();
    *errors = outcome.Detach();
    return all;
  });
}

STDMETHODIMP ServerObject::Read(DWORD count, LPCWSTR* item_ids, DWORD* max_ages, VARIANT** values, WORD** qualities, FILETIME** times,
                                HRESULT** errors) {
  if (values) *values = nullptr;
  if (qualities) *qualities = nullptr;
  if (times) *times = nullptr;
  if (errors) *errors = nullptr;
  if (!values || !qualities || !times || !errors || !AreStrings(item_ids, count) || !IsArray(max_ages, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    ReadColumns columns(count);
    if (!columns.IsAllocated()) return E_OUTOFMEMORY;
    wire::ReadItemIds request;
    request.server = kServer;
    std::vector<DWORD> rows;
    for (DWORD index = 0; index < count; ++index) {
      rows.push_back(index);
      request.item_ids.push_back(WireText(item_ids[index]));
    }
    request.max_ages_ms.assign(max_ages, max_ages + count);
    wire::States states;
    const HRESULT result = link().Call(request, states, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    return columns.Put(rows, states) ? columns.Give(values, qualities, times, errors) : E_FAIL;
  });
}

STDMETHODIMP ServerObject::WriteVQT(DWORD count, LPCWSTR* item_ids, OPCITEMVQT* items, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!errors || !AreStrings(item_ids, count) || !IsArray(items, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    TaskArray<HRESULT> outcome(count);
    if (!outcome) return E_OUTOFMEMORY;
    wire::WriteItemIds request;
    request.server = kServer;
    wire::ValuesWriter writer;
    std::vector<DWORD> rows;
    for (DWORD index = 0; index < count; ++index) {
      wire::ValuesWriter trial;
      outcome[index] = PutVariant(trial, items[index].vDataValue);
      if (FAILED(outcome[index])) continue;
      PutVariant(writer, items[index].vDataValue);
      rows.push_back(index);
      request.item_ids.push_back(WireText(item_ids[index]));
      request.given.push_back(static_cast<uint8_t>((items[index].bQualitySpecified ? 1 : 0) | (items[index].bTimeStampSpecified ? 2 : 0)));
      request.qualities.push_back(items[index].wQuality);
      request.timestamps.push_back(Number(items[index].ftTimeStamp));
    }
    request.values = writer.Finish();
    if (!rows.empty()) {
      wire::Errors answer;
      const HRESULT result = link().Call(request, answer, Repeat::kNever);
      if (FAILED(result)) return ClientResult(result);
      if (answer.errors.size() != rows.size()) return E_FAIL;
      for (size_t index = 0; index < rows.size(); ++index) outcome[rows[index]] = ClientResult(answer.errors[index]);
    }
    const HRESULT all = ResultOf(outcome, count);
    *errors = outcome.Detach();
    return all;
  });
}

}  // namespace understudy
