// Little-endian reading and writing of the wire's fields; portable, so that it can be tested with sanitizers.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace understudy::wire {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire is copied as memory");

inline constexpr uint32_t kNoString = 0xFFFFFFFF;

// Appends fields to a buffer.
class Writer {
 public:
  template <class T>
  void Number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    Bytes(&value, sizeof value);
  }

  void Bytes(const void* data, size_t size) {
    const auto* from = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
  }

  void Text(const char16_t* text, size_t units) {
    Number(static_cast<uint32_t>(units));
    Bytes(text, units * 2);
  }

  void NoText() { Number(kNoString); }

  size_t size() const { return bytes_.size(); }
  void Reserve(size_t size) { bytes_.reserve(size); }
  uint8_t* data() { return bytes_.data(); }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

// Takes fields in order. The first failure sticks: everything after it reads as zero, ok() is false.
class Reader {
 public:
  Reader(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && at_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  const uint8_t* position() const { return at_; }
  void Fail() {
    ok_ = false;
    at_ = end_;
  }

  template <class T>
  T Number() {
    T value{};
    if (const uint8_t* from = Bytes(sizeof value)) std::memcpy(&value, from, sizeof value);
    return value;
  }

  // Null where fewer bytes are left.
  const uint8_t* Bytes(size_t size) {
    if (size > remaining()) {
      Fail();
      return nullptr;
    }
    const uint8_t* from = at_;
    at_ += size;
    return from;
  }

  // A count of elements of at least `element_size` bytes each, so that no count makes us allocate much.
  uint32_t Count(size_t element_size) {
    const auto count = Number<uint32_t>();
    if (uint64_t{count} * element_size > remaining()) {
      Fail();
      return 0;
    }
    return count;
  }

  std::optional<std::u16string> OptionalText() {
    const auto units = Number<uint32_t>();
    if (units == kNoString) return std::nullopt;
    const uint8_t* from = uint64_t{units} * 2 <= remaining() ? Bytes(size_t{units} * 2) : nullptr;
    if (!from) {
      Fail();
      return std::u16string();
    }
    std::u16string text(units, u'\0');
    std::memcpy(text.data(), from, size_t{units} * 2);
    return text;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace understudy::wire
