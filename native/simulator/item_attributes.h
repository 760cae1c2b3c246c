// IEnumOPCItemAttributes over the items of a group.
#pragma once

#include "../common/com/com_object.h"
#include "item.h"

namespace understudy::simulator {

struct ItemAttributes {
  std::wstring access_path;
  const Item* item;
  bool active;
  OPCHANDLE client_handle;
  OPCHANDLE server_handle;
  VARTYPE requested_type;
};

// The range of an analog item as an array of two doubles; VT_EMPTY for the others.
Variant EuInfoOf(const Item& item);

class ItemAttributesEnumerator : public ComObject<IEnumOPCItemAttributes> {
 public:
  explicit ItemAttributesEnumerator(std::vector<ItemAttributes> all, size_t at = 0) : all_(std::move(all)), at_(at) {}

  STDMETHODIMP Next(ULONG wanted, OPCITEMATTRIBUTES** out, ULONG* fetched) override;
  STDMETHODIMP Skip(ULONG count) override;
  STDMETHODIMP Reset() override;
  STDMETHODIMP Clone(IEnumOPCItemAttributes** out) override;

 private:
  const std::vector<ItemAttributes> all_;
  size_t at_;
};

}  // namespace understudy::simulator
