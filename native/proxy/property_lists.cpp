#include "property_lists.h"

#include "../common/com/task_memory.h"
#include "../common/com/variant_codec.h"
#include "guard.h"
#include "text.h"

namespace understudy {

HRESULT CopyProperties(const wire::PropertyList& from, OPCITEMPROPERTIES& to) {
  to.hrErrorID = ClientResult(from.error);
  to.dwNumProperties = 0;
  to.pItemProperties = nullptr;
  bool is_well = to.hrErrorID == S_OK;
  if (from.properties.empty()) return is_well ? S_OK : S_FALSE;
  TaskArray<OPCITEMPROPERTY> given(from.properties.size());
  if (!given) return S_FALSE;
  for (size_t index = 0; index < from.properties.size(); ++index) {
    const wire::Property& property = from.properties[index];
    OPCITEMPROPERTY& out = given[index];
    out.vtDataType = property.type;
    out.dwPropertyID = property.id;
    out.szItemID = TaskString(property.item_id ? Wide(*property.item_id) : std::wstring());
    out.szDescription = TaskString(property.description ? Wide(*property.description) : std::wstring());
    wire::Values one;
    one.count = 1;
    one.common_type = wire::kMixedType;
    one.bytes = property.value.bytes;
    wire::ValueCursor cursor(one);
    out.hrErrorID = FAILED(TakeVariant(cursor, &out.vValue)) ? E_FAIL : ClientResult(property.error);
    if (out.hrErrorID != S_OK) is_well = false;
  }
  to.dwNumProperties = static_cast<DWORD>(from.properties.size());
  to.pItemProperties = given.Detach();
  return is_well ? S_OK : S_FALSE;
}

}  // namespace understudy
