#include "variant_codec.h"

#include "../../idl/opcerror.h"

namespace understudy {
namespace {

using wire::Reader;
using wire::Writer;

void PutText(Writer& writer, BSTR text) {
  if (text) writer.Text(reinterpret_cast<const char16_t*>(text), SysStringLen(text));
  else writer.NoText();
}

void PutDecimal(Writer& writer, const DECIMAL& value) {
  writer.Number(value.scale);
  writer.Number(value.sign);
  writer.Number(static_cast<uint32_t>(value.Hi32));
  writer.Number(static_cast<uint64_t>(value.Lo64));
}

bool TakeText(Reader& reader, BSTR& out) {
  const auto units = reader.Number<uint32_t>();
  out = nullptr;
  if (units == wire::kNoString) return true;
  const uint8_t* from = reader.Bytes(size_t{units} * 2);
  if (!from) return false;
  out = SysAllocStringLen(nullptr, units);
  if (out) std::memcpy(out, from, size_t{units} * 2);
  return out != nullptr;
}

bool TakeDecimal(Reader& reader, DECIMAL& out) {
  out.scale = reader.Number<uint8_t>();
  out.sign = reader.Number<uint8_t>();
  out.Hi32 = reader.Number<uint32_t>();
  out.Lo64 = reader.Number<uint64_t>();
  return reader.ok();
}

bool Travels(const VARIANT& value, int depth);

bool ArrayTravels(const VARIANT& value, int depth) {
  const auto element_type = static_cast<uint16_t>(V_VT(&value) & ~VT_ARRAY);
  SAFEARRAY* array = V_ARRAY(&value);
  if (depth >= wire::kDeepest || !array || array->cDims < 1 || array->cDims > wire::kMostDimensions) return false;
  if (element_type == VT_BSTR || element_type == VT_DECIMAL || wire::WidthOf(element_type) > 0) return true;
  if (element_type != VT_VARIANT) return false;
  uint64_t total = 1;
  for (USHORT index = 0; index < array->cDims; ++index) total *= array->rgsabound[index].cElements;
  const auto* elements = static_cast<const VARIANT*>(array->pvData);
  for (uint64_t index = 0; index < total; ++index) {
    if (!Travels(elements[index], depth + 1)) return false;
  }
  return true;
}

bool Travels(const VARIANT& value, int depth) {
  const uint16_t type = V_VT(&value);
  if ((type & VT_ARRAY) && !(type & VT_BYREF)) return ArrayTravels(value, depth);
  return type == VT_BSTR || type == VT_DECIMAL || wire::WidthOf(type) >= 0;
}

void PutBody(Writer& writer, const VARIANT& value);

void PutArray(Writer& writer, uint16_t element_type, const SAFEARRAY& array) {
  writer.Number(static_cast<uint16_t>(array.cDims));
  size_t total = 1;
  // rgsabound begins with the rightmost dimension.
  for (int index = array.cDims - 1; index >= 0; --index) {
    writer.Number(static_cast<uint32_t>(array.rgsabound[index].cElements));
    writer.Number(static_cast<int32_t>(array.rgsabound[index].lLbound));
    total *= array.rgsabound[index].cElements;
  }
  const int width = wire::WidthOf(element_type);
  if (width > 0) {
    writer.Bytes(array.pvData, total * static_cast<size_t>(width));
    return;
  }
  for (size_t index = 0; index < total; ++index) {
    if (element_type == VT_BSTR) {
      PutText(writer, static_cast<BSTR*>(array.pvData)[index]);
    } else if (element_type == VT_DECIMAL) {
      PutDecimal(writer, static_cast<DECIMAL*>(array.pvData)[index]);
    } else {
      const VARIANT& element = static_cast<VARIANT*>(array.pvData)[index];
      writer.Number(static_cast<uint16_t>(V_VT(&element)));
      PutBody(writer, element);
    }
  }
}

void PutBody(Writer& writer, const VARIANT& value) {
  const uint16_t type = V_VT(&value);
  if (type & VT_ARRAY) return PutArray(writer, type & ~VT_ARRAY, *V_ARRAY(&value));
  if (type == VT_BSTR) return PutText(writer, V_BSTR(&value));
  if (type == VT_DECIMAL) return PutDecimal(writer, V_DECIMAL(&value));
  // All members of the union begin at the same place.
  writer.Bytes(&V_UI1(&value), static_cast<size_t>(wire::WidthOf(type)));
}

HRESULT TakeBody(Reader& reader, uint16_t type, VARIANT* out);

HRESULT TakeArray(Reader& reader, uint16_t element_type, VARIANT* out) {
  const auto rank = reader.Number<uint16_t>();
  if (rank < 1 || rank > wire::kMostDimensions) return E_INVALIDARG;
  SAFEARRAYBOUND bounds[wire::kMostDimensions];
  size_t total = 1;
  for (int index = 0; index < rank; ++index) {
    bounds[index].cElements = reader.Number<uint32_t>();
    bounds[index].lLbound = reader.Number<int32_t>();
    total *= bounds[index].cElements;
  }
  if (!reader.ok()) return E_INVALIDARG;
  SAFEARRAY* array = SafeArrayCreate(element_type, rank, bounds);
  if (!array) return E_OUTOFMEMORY;
  V_VT(out) = static_cast<VARTYPE>(VT_ARRAY | element_type);
  V_ARRAY(out) = array;  // from here on VariantClear frees it
  const int width = wire::WidthOf(element_type);
  if (width > 0) {
    const uint8_t* from = reader.Bytes(total * static_cast<size_t>(width));
    if (!from) return E_INVALIDARG;
    if (total > 0) std::memcpy(array->pvData, from, total * static_cast<size_t>(width));
    return S_OK;
  }
  for (size_t index = 0; index < total; ++index) {
    if (element_type == VT_BSTR) {
      if (!TakeText(reader, static_cast<BSTR*>(array->pvData)[index])) return E_OUTOFMEMORY;
    } else if (element_type == VT_DECIMAL) {
      if (!TakeDecimal(reader, static_cast<DECIMAL*>(array->pvData)[index])) return E_INVALIDARG;
    } else {
      VARIANT* element = &static_cast<VARIANT*>(array->pvData)[index];
      const HRESULT result = TakeBody(reader, reader.Number<uint16_t>(), element);
      if (FAILED(result)) return result;
    }
  }
  return S_OK;
}

HRESULT TakeBody(Reader& reader, uint16_t type, VARIANT* out) {
  if (type & VT_ARRAY) return TakeArray(reader, type & ~VT_ARRAY, out);
  if (type == VT_BSTR) {
    BSTR text = nullptr;
    if (!TakeText(reader, text)) return E_OUTOFMEMORY;
    V_VT(out) = VT_BSTR;
    V_BSTR(out) = text;
    return S_OK;
  }
  if (type == VT_DECIMAL) {
    DECIMAL value = {};
    if (!TakeDecimal(reader, value)) return E_INVALIDARG;
    V_DECIMAL(out) = value;
    V_VT(out) = VT_DECIMAL;  // shares its place with the DECIMAL's reserved word
    return S_OK;
  }
  const int width = wire::WidthOf(type);
  if (width < 0) return E_INVALIDARG;
  if (width > 0) {
    const uint8_t* from = reader.Bytes(static_cast<size_t>(width));
    if (!from) return E_INVALIDARG;
    std::memcpy(&V_UI1(out), from, static_cast<size_t>(width));
  }
  V_VT(out) = type;
  return S_OK;
}

}  // namespace

HRESULT PutVariant(wire::ValuesWriter& writer, const VARIANT& value) {
  if (!Travels(value, 1)) {
    writer.Begin(VT_EMPTY);
    return OPC_E_BADTYPE;
  }
  writer.Begin(V_VT(&value));
  PutBody(writer.body(), value);
  return S_OK;
}

HRESULT EncodeVariant(Writer& writer, const VARIANT& value) {
  if (!Travels(value, 1)) {
    writer.Number(static_cast<uint16_t>(VT_EMPTY));
    return OPC_E_BADTYPE;
  }
  writer.Number(static_cast<uint16_t>(V_VT(&value)));
  PutBody(writer, value);
  return S_OK;
}

HRESULT TakeVariant(wire::ValueCursor& cursor, VARIANT* out) {
  VariantInit(out);
  const uint16_t type = cursor.Next();
  const HRESULT result = TakeBody(cursor.reader(), type, out);
  if (FAILED(result)) VariantClear(out);
  return result;
}

}  // namespace understudy
