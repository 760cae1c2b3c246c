#include "item_attributes.h"

#include <algorithm>

#include "../common/com/task_memory.h"
#include "guard.h"

namespace understudy {

STDMETHODIMP ItemAttributesEnumerator::Next(ULONG wanted, OPCITEMATTRIBUTES** out, ULONG* fetched) {
  if (out) *out = nullptr;
  if (fetched) *fetched = 0;
  if (!out || !fetched || wanted == 0) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    const auto count = static_cast<ULONG>(std::min<size_t>(wanted, all_.size() - at_));
    if (count == 0) return S_FALSE;
    TaskArray<OPCITEMATTRIBUTES> given(count);
    if (!given) return E_OUTOFMEMORY;
    for (ULONG index = 0; index < count; ++index) {
      const ItemAttributes& from = all_[at_ + index];
      OPCITEMATTRIBUTES& to = given[index];
      to.szAccessPath = TaskString(from.access_path);
      to.szItemID = TaskString(from.item_id);
      to.bActive = from.is_active;
      to.hClient = from.client;
      to.hServer = from.server;
      to.dwAccessRights = from.access_rights;
      to.vtRequestedDataType = from.requested_type;
      to.vtCanonicalDataType = from.canonical_type;
      to.dwEUType = OPC_NOENUM;
    }
    at_ += count;
    *fetched = count;
    *out = given.Detach();
    return count == wanted ? S_OK : S_FALSE;
  });
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
  *out = nullptr;
  return Safely([&]() -> HRESULT {
    *out = new ItemAttributesEnumerator(all_, at_);
    return S_OK;
  });
}

}  // namespace understudy
