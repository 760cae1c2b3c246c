// Frames: see native/wire/PROTOCOL.md.
#pragma once

#include "fields.h"

namespace understudy::wire {

inline constexpr size_t kHeaderSize = 12;
inline constexpr uint32_t kLargestLength = 64u * 1024 * 1024;
inline constexpr uint16_t kResponseBit = 0x8000;
inline constexpr uint16_t kFirstEventType = 0x4000;
inline constexpr uint32_t kLongestDeadlineMs = 3600000;
inline constexpr uint32_t kHelloMagic = 0x59445355;
inline constexpr uint16_t kProtocolMajor = 1;
inline constexpr uint16_t kProtocolMinor = 0;

struct Header {
  uint32_t length = 0;
  uint16_t type = 0;
  uint16_t flags = 0;
  uint32_t correlation = 0;

  uint32_t payload_size() const { return length - 8; }
};

// False where the bytes cannot be a header of this protocol: the stream is not to be trusted any more.
inline bool DecodeHeader(const uint8_t (&bytes)[kHeaderSize], Header& header) {
  Reader reader(bytes, kHeaderSize);
  header.length = reader.Number<uint32_t>();
  header.type = reader.Number<uint16_t>();
  header.flags = reader.Number<uint16_t>();
  header.correlation = reader.Number<uint32_t>();
  return header.length >= 8 && header.length <= kLargestLength && header.flags == 0;
}

inline void BeginFrame(Writer& writer, uint16_t type, uint32_t correlation) {
  writer.Number(uint32_t{0});
  writer.Number(type);
  writer.Number(uint16_t{0});
  writer.Number(correlation);
}

// Puts the length in. Empty where the frame would be too large.
inline std::vector<uint8_t> EndFrame(Writer& writer) {
  if (writer.size() - 4 > kLargestLength) return {};
  const auto length = static_cast<uint32_t>(writer.size() - 4);
  std::memcpy(writer.data(), &length, sizeof length);
  return writer.Take();
}

// A message's `type` is that of its request or event. Bodies are taken by value or as lvalues; encoding leaves them as
// they are.
template <class Body>
std::vector<uint8_t> EncodeRequest(uint32_t correlation, uint32_t deadline_ms, Body body) {
  Writer writer;
  BeginFrame(writer, Body::kType, correlation);
  writer.Number(deadline_ms);
  Encoder encoder(writer);
  body.Fields(encoder);
  return EndFrame(writer);
}

template <class Body>
std::vector<uint8_t> EncodeResponse(uint16_t request_type, uint32_t correlation, int32_t result, Body& body) {
  Writer writer;
  BeginFrame(writer, request_type | kResponseBit, correlation);
  writer.Number(result);
  Encoder encoder(writer);
  body.Fields(encoder);
  return EndFrame(writer);
}

inline std::vector<uint8_t> EncodeFailure(uint16_t request_type, uint32_t correlation, int32_t result,
                                          OptionalText detail = std::nullopt) {
  Writer writer;
  BeginFrame(writer, request_type | kResponseBit, correlation);
  writer.Number(result);
  Encoder encoder(writer);
  encoder(detail);
  return EndFrame(writer);
}

template <class Body>
std::vector<uint8_t> EncodeEvent(Body& body) {
  Writer writer;
  BeginFrame(writer, Body::kType, 0);
  Encoder encoder(writer);
  body.Fields(encoder);
  return EndFrame(writer);
}

// The fields that are left in the reader, exactly. For requests after the deadline, for responses after the result.
template <class Body>
bool DecodeBody(Reader& reader, Body& body) {
  Decoder decoder(reader);
  body.Fields(decoder);
  return reader.AtEnd();
}

}  // namespace understudy::wire
