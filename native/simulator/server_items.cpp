// IOPCItemProperties and IOPCItemIO.
#include "properties.h"
#include "server.h"

namespace understudy::simulator {
namespace {

// What a call about one item answers where its id is wrong.
HRESULT FindItem(const AddressSpace& space, LPCWSTR item_id, const Item*& item) {
  if (!item_id || !*item_id) return OPC_E_INVALIDITEMID;
  item = space.Find(item_id);
  return item ? S_OK : OPC_E_UNKNOWNITEMID;
}

}  // namespace

STDMETHODIMP Server::QueryAvailableProperties(LPWSTR item_id, DWORD* count, DWORD** ids, LPWSTR** descriptions,
                                              VARTYPE** types) {
  world_->faults.Pass();
  if (!count || !ids || !descriptions || !types) return E_INVALIDARG;
  *count = 0;
  *ids = nullptr;
  *descriptions = nullptr;
  *types = nullptr;
  const Item* item;
  const HRESULT found = FindItem(world_->space, item_id, item);
  if (FAILED(found)) return found;
  const auto kinds = PropertiesOf(*item);
  TaskArray<DWORD> id_rows(kinds.size());
  TaskArray<LPWSTR> text_rows(kinds.size());
  TaskArray<VARTYPE> type_rows(kinds.size());
  if (!id_rows || !text_rows || !type_rows) return E_OUTOFMEMORY;
  for (size_t index = 0; index < kinds.size(); ++index) {
    id_rows[index] = kinds[index].id;
    text_rows[index] = TaskString(kinds[index].description);
    type_rows[index] = kinds[index].type;
  }
  *count = static_cast<DWORD>(kinds.size());
  *ids = id_rows.Detach();
  *descriptions = text_rows.Detach();
  *types = type_rows.Detach();
  return S_OK;
}

STDMETHODIMP Server::GetItemProperties(LPWSTR item_id, DWORD count, DWORD* ids, VARIANT** values, HRESULT** errors) {
  world_->faults.Pass();
  if (values) *values = nullptr;
  if (errors) *errors = nullptr;
  if (count == 0 || !ids || !values || !errors) return E_INVALIDARG;
  const Item* item;
  const HRESULT found = FindItem(world_->space, item_id, item);
  if (FAILED(found)) return found;
  TaskArray<VARIANT> value_rows(count);
  TaskArray<HRESULT> error_rows(count);
  if (!value_rows || !error_rows) return E_OUTOFMEMORY;
  HRESULT overall = S_OK;
  for (DWORD index = 0; index < count; ++index) {
    Variant value;
    error_rows[index] = PropertyValue(*item, ids[index], value);
    value_rows[index] = value.Detach();
    if (FAILED(error_rows[index])) overall = S_FALSE;
  }
  *values = value_rows.Detach();
  *errors = error_rows.Detach();
  return overall;
}

STDMETHODIMP Server::LookupItemIDs(LPWSTR item_id, DWORD count, DWORD* ids, LPWSTR** item_ids, HRESULT** errors) {
  world_->faults.Pass();
  if (item_ids) *item_ids = nullptr;
  if (errors) *errors = nullptr;
  if (count == 0 || !ids || !item_ids || !errors) return E_INVALIDARG;
  const Item* item;
  const HRESULT found = FindItem(world_->space, item_id, item);
  if (FAILED(found)) return found;
  TaskArray<LPWSTR> text_rows(count);
  TaskArray<HRESULT> error_rows(count);
  if (!text_rows || !error_rows) return E_OUTOFMEMORY;
  // No property here is an item of its own.
  for (DWORD index = 0; index < count; ++index) error_rows[index] = E_FAIL;
  *item_ids = text_rows.Detach();
  *errors = error_rows.Detach();
  return S_FALSE;
}

STDMETHODIMP Server::Read(DWORD count, LPCWSTR* item_ids, DWORD* max_ages, VARIANT** values, WORD** qualities,
                          FILETIME** times, HRESULT** errors) {
  world_->faults.Pass();
  if (values) *values = nullptr;
  if (qualities) *qualities = nullptr;
  if (times) *times = nullptr;
  if (errors) *errors = nullptr;
  if (count == 0 || !item_ids || !max_ages || !values || !qualities || !times || !errors) return E_INVALIDARG;
  TaskArray<VARIANT> value_rows(count);
  TaskArray<WORD> quality_rows(count);
  TaskArray<FILETIME> time_rows(count);
  TaskArray<HRESULT> error_rows(count);
  if (!value_rows || !quality_rows || !time_rows || !error_rows) return E_OUTOFMEMORY;
  HRESULT overall = S_OK;
  for (DWORD index = 0; index < count; ++index) {
    const Item* item;
    error_rows[index] = FindItem(world_->space, item_ids[index], item);
    if (FAILED(error_rows[index])) {
      overall = S_FALSE;
      continue;
    }
    Sample sample = item->SampleAt(NowMs());
    value_rows[index] = sample.value.Detach();
    quality_rows[index] = sample.quality;
    time_rows[index] = sample.time;
  }
  *values = value_rows.Detach();
  *qualities = quality_rows.Detach();
  *times = time_rows.Detach();
  *errors = error_rows.Detach();
  return overall;
}

STDMETHODIMP Server::WriteVQT(DWORD count, LPCWSTR* item_ids, OPCITEMVQT* vqts, HRESULT** errors) {
  world_->faults.Pass();
  if (errors) *errors = nullptr;
  if (count == 0 || !item_ids || !vqts || !errors) return E_INVALIDARG;
  TaskArray<HRESULT> error_rows(count);
  if (!error_rows) return E_OUTOFMEMORY;
  HRESULT overall = S_OK;
  for (DWORD index = 0; index < count; ++index) {
    const OPCITEMVQT& vqt = vqts[index];
    const Item* found;
    error_rows[index] = FindItem(world_->space, item_ids[index], found);
    if (SUCCEEDED(error_rows[index])) {
      error_rows[index] = world_->space.Find(item_ids[index])
                              ->Write(vqt.vDataValue, vqt.bQualitySpecified ? &vqt.wQuality : nullptr,
                                      vqt.bTimeStampSpecified ? &vqt.ftTimeStamp : nullptr);
    }
    if (FAILED(error_rows[index])) overall = S_FALSE;
  }
  *errors = error_rows.Detach();
  return overall;
}

}  // namespace understudy::simulator
