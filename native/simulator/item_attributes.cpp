#include "item_attributes.h"

#include <algorithm>
#include <vector>

namespace understudy::simulator {

Variant EuInfoOf(const Item& item) {
  Variant info;
  if (!item.is_analog()) return info;
  SAFEARRAY* range = SafeArrayCreateVector(VT_R8, 0, 2);
  if (!range) return info;
  static_cast<double*>(range->pvData)[0] = item.low_eu();
  static_cast<double*>(range->pvData)[1] = item.high_eu();
  V_VT(&info.get()) = VT_ARRAY | VT_R8;
  V_ARRAY(&info.get()) = range;
  return info;
}

STDMETHODIMP ItemAttributesEnumerator::Next(ULONG wanted, OPCITEMATTRIBUTES** out, ULONG* fetched) {
  if (out) *out = nullptr;
  if (fetched) *fetched = 0;
  if (!out || !fetched || wanted == 0) return E_INVALIDARG;
  const size_t count = std::min<size_t>(wanted, all_.size() - at_);
  if (count == 0) return S_FALSE;
  TaskArray<OPCITEMATTRIBUTES> rows(count);
  if (!rows) return E_OUTOFMEMORY;
  for (size_t index = 0; index < count; ++index, ++at_) {
    const ItemAttributes& from = all_[at_];
    OPCITEMATTRIBUTES& row = rows[index];
    row.szAccessPath = TaskString(from.access_path);
    row.szItemID = TaskString(from.item->id());
    row.bActive = from.active;
    row.hClient = from.client_handle;
    row.hServer = from.server_handle;
    row.dwAccessRights = from.item->access_rights();
    row.vtRequestedDataType = from.requested_type;
    row.vtCanonicalDataType = from.item->type();
    row.dwEUType = from.item->is_analog() ? OPC_ANALOG : OPC_NOENUM;
    row.vEUInfo = EuInfoOf(*from.item).Detach();
  }
  *out = rows.Detach();
  *fetched = static_cast<ULONG>(count);
  return count == wanted ? S_OK : S_FALSE;
}

STDMETHODIMP ItemAttributesEnumerator::Skip(ULONG count) {
  const size_t left = all_.size() - at_;
  at_ += std::min<size_t>(count, left);
  return count <= left ? S_OK : S_FALSE;
}

STDMETHODIMP ItemAttributesEnumerator::Reset() {
  at_ = 0;
  return S_OK;
}

STDMETHODIMP ItemAttributesEnumerator::Clone(IEnumOPCItemAttributes** out) {
  if (!out) return E_INVALIDARG;
  *out = new ItemAttributesEnumerator(all_, at_);
  return S_OK;
}

}  // namespace understudy::simulator
