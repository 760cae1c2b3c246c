#include "value.h"

namespace understudy::wire {
namespace {

// Least bytes of an array element; 0 where there is no array of this type.
size_t LeastElementSize(uint16_t type) {
  if (type == kVarVariant) return 2;
  if (type == kVarBstr) return 4;
  if (type == kVarDecimal) return kDecimalSize;
  const int width = WidthOf(type);
  return width > 0 ? static_cast<size_t>(width) : 0;
}

void SkipText(Reader& reader) {
  const auto units = reader.Number<uint32_t>();
  if (units != kNoString) reader.Bytes(size_t{units} * 2);
}

void SkipDecimal(Reader& reader) {
  const uint8_t* bytes = reader.Bytes(kDecimalSize);
  if (bytes && (bytes[0] > 28 || (bytes[1] != 0 && bytes[1] != 0x80))) reader.Fail();
}

void SkipArray(Reader& reader, uint16_t element_type, int depth) {
  const size_t least = LeastElementSize(element_type);
  const auto rank = reader.Number<uint16_t>();
  if (least == 0 || depth >= kDeepest || rank < 1 || rank > kMostDimensions) return reader.Fail();
  uint64_t total = 1;
  for (int index = 0; index < rank && reader.ok(); ++index) {
    const uint64_t count = reader.Number<uint32_t>();
    reader.Number<int32_t>();
    if (count != 0 && total > UINT32_MAX / count) return reader.Fail();
    total *= count;
  }
  if (total * least > reader.remaining()) return reader.Fail();
  if (WidthOf(element_type) > 0) {
    reader.Bytes(static_cast<size_t>(total) * least);
    return;
  }
  for (uint64_t index = 0; index < total && reader.ok(); ++index) {
    if (element_type == kVarVariant) SkipValue(reader, depth + 1);
    else if (element_type == kVarBstr) SkipText(reader);
    else SkipDecimal(reader);
  }
}

}  // namespace

int WidthOf(uint16_t type) {
  switch (type) {
    case 0:
    case 1:
      return 0;
    case 16:
    case 17:
      return 1;
    case 2:
    case 11:
    case 18:
      return 2;
    case 3:
    case 4:
    case 10:
    case 19:
    case 22:
    case 23:
      return 4;
    case 5:
    case 6:
    case 7:
    case 20:
    case 21:
      return 8;
    default:
      return -1;
  }
}

void SkipValue(Reader& reader, int depth) {
  const auto type = reader.Number<uint16_t>();
  if (type & kArrayBit) return SkipArray(reader, type & ~kArrayBit, depth);
  if (type == kVarBstr) return SkipText(reader);
  if (type == kVarDecimal) return SkipDecimal(reader);
  const int width = WidthOf(type);
  if (width < 0) return reader.Fail();
  reader.Bytes(static_cast<size_t>(width));
}

void Values::Encode(Writer& writer) const {
  writer.Number(count);
  writer.Number(common_type);
  writer.Bytes(bytes.data(), bytes.size());
}

void Values::Decode(Reader& reader) {
  count = reader.Number<uint32_t>();
  common_type = reader.Number<uint16_t>();
  const uint8_t* from = reader.position();
  if (common_type != kMixedType) {
    const int width = WidthOf(common_type);
    // Values of no width cost no bytes; their number is bounded all the same.
    if (width < 0 || count > 0x01000000) reader.Fail();
    else reader.Bytes(size_t{count} * static_cast<size_t>(width));
  } else {
    if (uint64_t{count} * 2 > reader.remaining()) reader.Fail();
    for (uint32_t index = 0; index < count && reader.ok(); ++index) SkipValue(reader);
  }
  if (!reader.ok()) {
    count = 0;
    common_type = kVarEmpty;
    bytes.clear();
    return;
  }
  bytes.assign(from, reader.position());
}

void ValuesWriter::Begin(uint16_t type) {
  if (count_ == 0) first_type_ = type;
  if (type != first_type_ || WidthOf(type) < 0) uniform_ = false;
  ++count_;
  mixed_.Number(type);
}

Values ValuesWriter::Finish() {
  Values values;
  values.count = count_;
  if (count_ == 0) return values;
  if (!uniform_) {
    values.common_type = kMixedType;
    values.bytes = mixed_.Take();
    return values;
  }
  values.common_type = first_type_;
  const auto width = static_cast<size_t>(WidthOf(first_type_));
  values.bytes.resize(width * count_);
  const uint8_t* from = mixed_.bytes().data() + 2;
  uint8_t* to = values.bytes.data();
  for (uint32_t index = 0; index < count_; ++index, from += 2 + width, to += width) std::memcpy(to, from, width);
  return values;
}

}  // namespace understudy::wire
