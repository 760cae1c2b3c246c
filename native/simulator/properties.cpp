#include "properties.h"

#include "item_attributes.h"

namespace understudy::simulator {

std::vector<PropertyKind> PropertiesOf(const Item& item) {
  std::vector<PropertyKind> kinds = {
      {OPC_PROPERTY_DATATYPE, L"Item Canonical Data Type", VT_I2},
      {OPC_PROPERTY_VALUE, L"Item Value", item.type()},
      {OPC_PROPERTY_QUALITY, L"Item Quality", VT_I2},
      {OPC_PROPERTY_TIMESTAMP, L"Item Timestamp", VT_DATE},
      {OPC_PROPERTY_ACCESS_RIGHTS, L"Item Access Rights", VT_I4},
      {OPC_PROPERTY_SCAN_RATE, L"Server Scan Rate", VT_R4},
      {OPC_PROPERTY_DESCRIPTION, L"Item Description", VT_BSTR},
  };
  if (item.is_analog()) {
    kinds.push_back({OPC_PROPERTY_HIGH_EU, L"High EU", VT_R8});
    kinds.push_back({OPC_PROPERTY_LOW_EU, L"Low EU", VT_R8});
  }
  return kinds;
}

HRESULT PropertyValue(const Item& item, DWORD id, Variant& out) {
  Sample sample = item.SampleAt(NowMs());
  VARIANT* value = out.Out();
  switch (id) {
    case OPC_PROPERTY_DATATYPE:
      V_VT(value) = VT_I2;
      V_I2(value) = static_cast<SHORT>(item.type());
      return S_OK;
    case OPC_PROPERTY_VALUE:
      out = std::move(sample.value);
      return S_OK;
    case OPC_PROPERTY_QUALITY:
      V_VT(value) = VT_I2;
      V_I2(value) = static_cast<SHORT>(sample.quality);
      return S_OK;
    case OPC_PROPERTY_TIMESTAMP:
      V_VT(value) = VT_DATE;
      V_DATE(value) = DateOf(UnixMsOf(sample.time));
      return S_OK;
    case OPC_PROPERTY_ACCESS_RIGHTS:
      V_VT(value) = VT_I4;
      V_I4(value) = static_cast<LONG>(item.access_rights());
      return S_OK;
    case OPC_PROPERTY_SCAN_RATE:
      V_VT(value) = VT_R4;
      V_R4(value) = 10;
      return S_OK;
    case OPC_PROPERTY_DESCRIPTION:
      V_VT(value) = VT_BSTR;
      V_BSTR(value) = SysAllocString((L"Simulated item " + item.name()).c_str());
      return S_OK;
    case OPC_PROPERTY_HIGH_EU:
    case OPC_PROPERTY_LOW_EU:
      if (!item.is_analog()) return OPC_E_INVALID_PID;
      V_VT(value) = VT_R8;
      V_R8(value) = id == OPC_PROPERTY_HIGH_EU ? item.high_eu() : item.low_eu();
      return S_OK;
    default:
      return OPC_E_INVALID_PID;
  }
}

}  // namespace understudy::simulator
