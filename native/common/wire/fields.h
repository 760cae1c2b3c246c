// One description of a message's fields serves both directions: each message has
// `template <class A> void Fields(A& a) { a(first, second, ...); }`, called with an Encoder or a Decoder.
#pragma once

#include "value.h"

namespace understudy::wire {

using Text = std::u16string;
using OptionalText = std::optional<std::u16string>;

// u8 on the wire, 0 or 1.
struct Bool {
  bool value = false;
  Bool() = default;
  Bool(bool given) : value(given) {}
  operator bool() const { return value; }
};

// The 16 bytes of a GUID as Windows has them in memory.
struct GuidBytes {
  uint8_t bytes[16] = {};
};

class Encoder {
 public:
  explicit Encoder(Writer& writer) : writer_(writer) {}

  template <class... T>
  void operator()(T&... fields) {
    (Put(fields), ...);
  }
  void Raw(const uint8_t* data, size_t size) { writer_.Bytes(data, size); }

 private:
  template <class T>
  void Put(T& field) {
    if constexpr (std::is_arithmetic_v<T>) writer_.Number(field);
    else field.Fields(*this);
  }
  void Put(Bool& field) { writer_.Number(static_cast<uint8_t>(field.value ? 1 : 0)); }
  void Put(GuidBytes& field) { writer_.Bytes(field.bytes, sizeof field.bytes); }
  void Put(Text& field) { writer_.Text(field.data(), field.size()); }
  void Put(OptionalText& field) {
    if (field) writer_.Text(field->data(), field->size());
    else writer_.NoText();
  }
  void Put(Values& field) { field.Encode(writer_); }
  template <class T>
  void Put(std::vector<T>& field) {
    writer_.Number(static_cast<uint32_t>(field.size()));
    if constexpr (std::is_arithmetic_v<T>) {
      writer_.Bytes(field.data(), field.size() * sizeof(T));
    } else {
      for (auto& element : field) Put(element);
    }
  }

  Writer& writer_;
};

class Decoder {
 public:
  explicit Decoder(Reader& reader) : reader_(reader) {}

  template <class... T>
  void operator()(T&... fields) {
    (Take(fields), ...);
  }
  // One value, checked and copied as it is.
  void RawValue(std::vector<uint8_t>& bytes) {
    const uint8_t* from = reader_.position();
    SkipValue(reader_);
    if (reader_.ok()) bytes.assign(from, reader_.position());
  }

 private:
  template <class T>
  void Take(T& field) {
    if constexpr (std::is_arithmetic_v<T>) field = reader_.Number<T>();
    else field.Fields(*this);
  }
  void Take(Bool& field) {
    const auto byte = reader_.Number<uint8_t>();
    if (byte > 1) reader_.Fail();
    field.value = byte == 1;
  }
  void Take(GuidBytes& field) {
    if (const uint8_t* from = reader_.Bytes(sizeof field.bytes)) std::memcpy(field.bytes, from, sizeof field.bytes);
  }
  void Take(Text& field) {
    OptionalText text = reader_.OptionalText();
    if (text) field = std::move(*text);
    else reader_.Fail();
  }
  void Take(OptionalText& field) { field = reader_.OptionalText(); }
  void Take(Values& field) { field.Decode(reader_); }
  template <class T>
  void Take(std::vector<T>& field) {
    if constexpr (std::is_arithmetic_v<T>) {
      const uint32_t count = reader_.Count(sizeof(T));
      field.resize(count);
      const uint8_t* from = reader_.Bytes(count * sizeof(T));
      if (from && count > 0) std::memcpy(field.data(), from, count * sizeof(T));
    } else {
      // Every structure and string takes at least four bytes.
      const uint32_t count = reader_.Count(4);
      field.clear();
      for (uint32_t index = 0; index < count && reader_.ok(); ++index) {
        field.emplace_back();
        Take(field.back());
      }
    }
  }

  Reader& reader_;
};

}  // namespace understudy::wire
