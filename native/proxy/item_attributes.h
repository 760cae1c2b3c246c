// IEnumOPCItemAttributes over the items a group had when it was made.
#pragma once

#include <opcda.h>

#include <string>
#include <vector>

#include "agile_object.h"

namespace understudy {

struct ItemAttributes {
  std::wstring access_path;
  std::wstring item_id;
  bool is_active = false;
  OPCHANDLE client = 0;
  OPCHANDLE server = 0;
  DWORD access_rights = 0;
  VARTYPE requested_type = VT_EMPTY;
  VARTYPE canonical_type = VT_EMPTY;
};

class ItemAttributesEnumerator : public AgileObject<IEnumOPCItemAttributes> {
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

}  // namespace understudy
