#include "passport.h"

#include <cstdint>

namespace understudy {
namespace {

constexpr uint32_t kMagic = 0x50534455;  // "UDSP"
constexpr uint32_t kVersion = 1;
constexpr uint32_t kLongestTarget = 4096;

struct Head {
  uint32_t magic = kMagic;
  uint32_t version = kVersion;
  GUID instance = {};
  uint32_t characters = 0;
};
static_assert(sizeof(Head) == 28, "the layout is the same in 64-bit and 32-bit processes");

HRESULT WriteAll(IStream* stream, const void* data, ULONG size) {
  ULONG written = 0;
  const HRESULT result = stream->Write(data, size, &written);
  if (FAILED(result)) return result;
  return written == size ? S_OK : STG_E_MEDIUMFULL;
}

HRESULT ReadAll(IStream* stream, void* data, ULONG size) {
  ULONG read = 0;
  const HRESULT result = stream->Read(data, size, &read);
  if (FAILED(result)) return result;
  return read == size ? S_OK : E_UNEXPECTED;
}

}  // namespace

ULONG Passport::size() const { return static_cast<ULONG>(sizeof(Head) + target.size() * sizeof(wchar_t)); }

HRESULT Passport::Write(IStream* stream) const {
  if (target.size() > kLongestTarget) return E_UNEXPECTED;
  Head head;
  head.instance = instance;
  head.characters = static_cast<uint32_t>(target.size());
  const HRESULT result = WriteAll(stream, &head, sizeof head);
  return FAILED(result) ? result : WriteAll(stream, target.data(), static_cast<ULONG>(target.size() * sizeof(wchar_t)));
}

HRESULT Passport::Read(IStream* stream, Passport& passport) {
  Head head;
  HRESULT result = ReadAll(stream, &head, sizeof head);
  if (FAILED(result)) return result;
  if (head.magic != kMagic || head.version != kVersion || head.characters > kLongestTarget) return E_UNEXPECTED;
  passport.instance = head.instance;
  passport.target.resize(head.characters);
  return ReadAll(stream, passport.target.data(), head.characters * static_cast<ULONG>(sizeof(wchar_t)));
}

}  // namespace understudy
