#include "group.h"

namespace understudy::simulator {

HRESULT Group::SampleOf(const GroupItem& item, bool from_cache, Sample& sample) const {
  const int64_t now_ms = NowMs();
  // The cache has what the last update instant found.
  sample = item.item->SampleAt(from_cache ? next_instant_ms_ - settings_.rate_ms : now_ms);
  if (from_cache && (!settings_.active || !item.active)) sample.quality = OPC_QUALITY_OUT_OF_SERVICE;
  return ConvertTo(item.requested_type, sample.value.get());
}

STDMETHODIMP Group::Read(OPCDATASOURCE source, DWORD count, OPCHANDLE* handles, OPCITEMSTATE** states,
                         HRESULT** errors) {
  if (states) *states = nullptr;
  if (errors) *errors = nullptr;
  if (!states || (source != OPC_DS_CACHE && source != OPC_DS_DEVICE)) return E_INVALIDARG;
  TaskArray<OPCITEMSTATE> rows(count);
  if (!rows) return E_OUTOFMEMORY;
  const HRESULT result = ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD index) {
    Sample sample;
    const HRESULT error = SampleOf(item, source == OPC_DS_CACHE, sample);
    OPCITEMSTATE& row = rows[index];
    row.hClient = item.client_handle;
    if (FAILED(error)) return error;
    row.ftTimeStamp = sample.time;
    row.wQuality = sample.quality;
    row.vDataValue = sample.value.Detach();
    return S_OK;
  });
  if (SUCCEEDED(result)) *states = rows.Detach();
  return result;
}

STDMETHODIMP Group::Write(DWORD count, OPCHANDLE* handles, VARIANT* values, HRESULT** errors) {
  if (!values) return E_INVALIDARG;
  std::vector<std::pair<Item*, DWORD>> writes;
  const HRESULT found = ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD index) {
    writes.emplace_back(item.item, index);
    return S_OK;
  });
  if (FAILED(found)) return found;
  // Outside the lock: a write may be a fault switch.
  HRESULT overall = found;
  for (const auto& [item, index] : writes) {
    (*errors)[index] = item->Write(values[index], nullptr, nullptr);
    if (FAILED((*errors)[index])) overall = S_FALSE;
  }
  return overall;
}

STDMETHODIMP Group::ReadMaxAge(DWORD count, OPCHANDLE* handles, DWORD* max_ages, VARIANT** values, WORD** qualities,
                               FILETIME** times, HRESULT** errors) {
  if (values) *values = nullptr;
  if (qualities) *qualities = nullptr;
  if (times) *times = nullptr;
  if (!max_ages || !values || !qualities || !times) return E_INVALIDARG;
  TaskArray<VARIANT> value_rows(count);
  TaskArray<WORD> quality_rows(count);
  TaskArray<FILETIME> time_rows(count);
  if (!value_rows || !quality_rows || !time_rows) return E_OUTOFMEMORY;
  const HRESULT result = ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD index) {
    Sample sample;
    const bool cache_will_do = max_ages[index] >= settings_.rate_ms;
    const HRESULT error = SampleOf(item, cache_will_do, sample);
    if (FAILED(error)) return error;
    value_rows[index] = sample.value.Detach();
    quality_rows[index] = sample.quality;
    time_rows[index] = sample.time;
    return S_OK;
  });
  if (FAILED(result)) return result;
  *values = value_rows.Detach();
  *qualities = quality_rows.Detach();
  *times = time_rows.Detach();
  return result;
}

STDMETHODIMP Group::WriteVQT(DWORD count, OPCHANDLE* handles, OPCITEMVQT* vqts, HRESULT** errors) {
  if (!vqts) return E_INVALIDARG;
  std::vector<std::pair<Item*, DWORD>> writes;
  const HRESULT found = ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD index) {
    writes.emplace_back(item.item, index);
    return S_OK;
  });
  if (FAILED(found)) return found;
  HRESULT overall = found;
  for (const auto& [item, index] : writes) {
    const OPCITEMVQT& vqt = vqts[index];
    (*errors)[index] = item->Write(vqt.vDataValue, vqt.bQualitySpecified ? &vqt.wQuality : nullptr,
                                   vqt.bTimeStampSpecified ? &vqt.ftTimeStamp : nullptr);
    if (FAILED((*errors)[index])) overall = S_FALSE;
  }
  return overall;
}

}  // namespace understudy::simulator
