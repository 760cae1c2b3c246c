// The structure of values on the wire, without any Windows type: checking, skipping and walking over them.
#pragma once

#include "bytes.h"

namespace understudy::wire {

inline constexpr uint16_t kArrayBit = 0x2000;
inline constexpr uint16_t kMixedType = 0xFFFF;
inline constexpr uint16_t kVarEmpty = 0;
inline constexpr uint16_t kVarNull = 1;
inline constexpr uint16_t kVarBstr = 8;
inline constexpr uint16_t kVarVariant = 12;
inline constexpr uint16_t kVarDecimal = 14;
inline constexpr int kDeepest = 8;
inline constexpr int kMostDimensions = 60;
inline constexpr size_t kDecimalSize = 14;

// Bytes of a value of fixed width; -1 for the other types.
int WidthOf(uint16_t type);

// Leaves one value (with its type) behind and checks it; the reader fails where it is none.
void SkipValue(Reader& reader, int depth = 1);

// Many values in their encoded form. Decoding copies them as one block; they are walked with a ValueCursor.
struct Values {
  uint32_t count = 0;
  uint16_t common_type = kVarEmpty;
  std::vector<uint8_t> bytes;

  void Encode(Writer& writer) const;
  void Decode(Reader& reader);
};

// Collects values one by one; the common form is chosen at the end.
class ValuesWriter {
 public:
  // Begins a value; its bytes after the type are then written to body().
  void Begin(uint16_t type);
  Writer& body() { return mixed_; }
  Values Finish();

 private:
  Writer mixed_;
  uint32_t count_ = 0;
  uint16_t first_type_ = kVarEmpty;
  bool uniform_ = true;
};

// Walks over values. The bytes must stay as long as it is used.
class ValueCursor {
 public:
  explicit ValueCursor(const Values& values)
      : reader_(values.bytes.data(), values.bytes.size()), common_type_(values.common_type) {}

  // The type of the next value; its bytes come next from reader().
  uint16_t Next() { return common_type_ == kMixedType ? reader_.Number<uint16_t>() : common_type_; }
  Reader& reader() { return reader_; }

 private:
  Reader reader_;
  uint16_t common_type_;
};

}  // namespace understudy::wire
