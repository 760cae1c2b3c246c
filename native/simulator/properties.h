// The properties of items, for IOPCItemProperties and IOPCBrowse.
#pragma once

#include <vector>

#include "item.h"

namespace understudy::simulator {

struct PropertyKind {
  DWORD id;
  const wchar_t* description;
  VARTYPE type;
};

std::vector<PropertyKind> PropertiesOf(const Item& item);
// OPC_E_INVALID_PID where the item has no such property.
HRESULT PropertyValue(const Item& item, DWORD id, Variant& out);

}  // namespace understudy::simulator
