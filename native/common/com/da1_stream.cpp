#include "da1_stream.h"

#include <algorithm>

#include "../wire/value.h"

namespace understudy::da1 {
namespace {

constexpr size_t kAlignment = 8;

template <class T>
void Append(std::vector<BYTE>& block, const T& value) {
  const auto* from = reinterpret_cast<const BYTE*>(&value);
  block.insert(block.end(), from, from + sizeof value);
}

void AppendBytes(std::vector<BYTE>& block, const void* data, size_t size) {
  const auto* from = static_cast<const BYTE*>(data);
  block.insert(block.end(), from, from + size);
}

void Align(std::vector<BYTE>& block) {
  while (block.size() % kAlignment != 0) block.push_back(0);
}

// Length in bytes, then the characters and a NUL.
void AppendText(std::vector<BYTE>& block, BSTR text) {
  const UINT size = SysStringByteLen(text);
  Append(block, static_cast<DWORD>(size));
  if (text) AppendBytes(block, text, size);
  Append(block, wchar_t{0});
}

// The VARIANT itself; a string or an array follows it. What cannot be sent so goes as VT_EMPTY.
void AppendVariant(std::vector<BYTE>& block, const VARIANT& value) {
  const VARTYPE type = V_VT(&value);
  const auto element_type = static_cast<VARTYPE>(type & ~VT_ARRAY);
  const bool is_array = (type & VT_ARRAY) && V_ARRAY(&value) && V_ARRAY(&value)->cDims == 1 &&
                        (element_type == VT_BSTR || wire::WidthOf(element_type) > 0);
  VARIANT copy = value;
  if (!is_array && type != VT_BSTR && wire::WidthOf(type) < 0) VariantInit(&copy);
  Append(block, copy);
  if (type == VT_BSTR) AppendText(block, V_BSTR(&value));
  if (!is_array) return;
  const SAFEARRAY& array = *V_ARRAY(&value);
  Append(block, array);
  const ULONG count = array.rgsabound[0].cElements;
  if (element_type == VT_BSTR) {
    for (ULONG index = 0; index < count; ++index) AppendText(block, static_cast<BSTR*>(array.pvData)[index]);
  } else {
    AppendBytes(block, array.pvData, size_t{count} * array.cbElements);
  }
}

class BlockReader {
 public:
  BlockReader(const BYTE* data, size_t size, size_t at) : data_(data), size_(size), at_(at), ok_(at <= size) {}

  template <class T>
  bool Take(T& out) {
    const BYTE* from = Bytes(sizeof out);
    if (from) std::memcpy(&out, from, sizeof out);
    return from != nullptr;
  }
  const BYTE* Bytes(size_t count) {
    if (!ok_ || count > size_ - at_) {
      ok_ = false;
      return nullptr;
    }
    const BYTE* from = data_ + at_;
    at_ += count;
    return from;
  }
  bool TakeText(BSTR& out) {
    DWORD size = 0;
    if (!Take(size)) return false;
    const BYTE* from = Bytes(size);
    if (!from || !Bytes(sizeof(wchar_t))) return false;
    out = SysAllocStringByteLen(nullptr, size);
    if (out && size > 0) std::memcpy(out, from, size);
    return out != nullptr;
  }

 private:
  const BYTE* data_;
  size_t size_;
  size_t at_;
  bool ok_;
};

bool TakeArray(BlockReader& reader, VARTYPE element_type, VARIANT* out) {
  SAFEARRAY described;
  if (!reader.Take(described) || described.cDims != 1) return false;
  const ULONG count = described.rgsabound[0].cElements;
  const int width = wire::WidthOf(element_type);
  if (element_type != VT_BSTR && width <= 0) return false;
  const BYTE* from = element_type == VT_BSTR ? nullptr : reader.Bytes(size_t{count} * static_cast<size_t>(width));
  if (element_type != VT_BSTR && !from) return false;
  SAFEARRAYBOUND bound = described.rgsabound[0];
  SAFEARRAY* array = SafeArrayCreate(element_type, 1, &bound);
  if (!array) return false;
  V_VT(out) = static_cast<VARTYPE>(VT_ARRAY | element_type);
  V_ARRAY(out) = array;
  if (from) {
    std::memcpy(array->pvData, from, size_t{count} * static_cast<size_t>(width));
    return true;
  }
  for (ULONG index = 0; index < count; ++index) {
    if (!reader.TakeText(static_cast<BSTR*>(array->pvData)[index])) return false;
  }
  return true;
}

bool TakeVariant(BlockReader reader, Variant& out) {
  VARIANT raw;
  if (!reader.Take(raw)) return false;
  const VARTYPE type = V_VT(&raw);
  VARIANT* value = out.Out();
  if (type & VT_ARRAY) return TakeArray(reader, static_cast<VARTYPE>(type & ~VT_ARRAY), value);
  if (type == VT_BSTR) {
    BSTR text = nullptr;
    if (!reader.TakeText(text)) return false;
    V_VT(value) = VT_BSTR;
    V_BSTR(value) = text;
    return true;
  }
  if (wire::WidthOf(type) < 0) return false;
  *value = raw;
  return true;
}

}  // namespace

std::vector<BYTE> EncodeData(OPCHANDLE client_group, DWORD transaction, HRESULT status, const std::vector<Row>& rows,
                             bool with_time) {
  std::vector<BYTE> values;
  std::vector<DWORD> offsets;
  const size_t header_size = with_time ? sizeof(OPCITEMHEADER1) : sizeof(OPCITEMHEADER2);
  size_t base = sizeof(OPCGROUPHEADER) + rows.size() * header_size;
  base = (base + kAlignment - 1) / kAlignment * kAlignment;
  for (const Row& row : rows) {
    offsets.push_back(static_cast<DWORD>(base + values.size()));
    AppendVariant(values, *row.value);
    Align(values);
  }
  std::vector<BYTE> block;
  block.reserve(base + values.size());
  Append(block, OPCGROUPHEADER{static_cast<DWORD>(base + values.size()), static_cast<DWORD>(rows.size()), client_group,
                               transaction, status});
  for (size_t index = 0; index < rows.size(); ++index) {
    const Row& row = rows[index];
    if (with_time) Append(block, OPCITEMHEADER1{row.client_handle, offsets[index], row.quality, 0, row.time});
    else Append(block, OPCITEMHEADER2{row.client_handle, offsets[index], row.quality, 0});
  }
  block.resize(base, 0);
  block.insert(block.end(), values.begin(), values.end());
  return block;
}

std::vector<BYTE> EncodeWriteComplete(OPCHANDLE client_group, DWORD transaction, HRESULT status,
                                      const std::vector<OPCHANDLE>& handles, const std::vector<HRESULT>& errors) {
  std::vector<BYTE> block;
  Append(block, OPCGROUPHEADERWRITE{static_cast<DWORD>(handles.size()), client_group, transaction, status});
  for (size_t index = 0; index < handles.size(); ++index) {
    Append(block, OPCITEMHEADERWRITE{handles[index], errors[index]});
  }
  return block;
}

bool DecodeData(const BYTE* data, size_t size, bool with_time, Decoded& out) {
  BlockReader reader(data, size, 0);
  if (!reader.Take(out.header) || out.header.dwSize > size) return false;
  const size_t header_size = with_time ? sizeof(OPCITEMHEADER1) : sizeof(OPCITEMHEADER2);
  if (out.header.dwItemCount > size / header_size) return false;
  out.rows.resize(out.header.dwItemCount);
  for (DecodedRow& row : out.rows) {
    OPCITEMHEADER1 header = {};
    if (const BYTE* from = reader.Bytes(header_size)) std::memcpy(&header, from, header_size);
    else return false;
    row.client_handle = header.hClient;
    row.quality = header.wQuality;
    row.time = header.ftTimeStampItem;
    if (!TakeVariant(BlockReader(data, size, header.dwValueOffset), row.value)) return false;
  }
  return true;
}

HGLOBAL ToGlobal(const std::vector<BYTE>& bytes) {
  HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, bytes.size());
  if (!memory) return nullptr;
  if (void* to = GlobalLock(memory)) {
    std::memcpy(to, bytes.data(), bytes.size());
    GlobalUnlock(memory);
  }
  return memory;
}

}  // namespace understudy::da1
