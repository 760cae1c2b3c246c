// What the EXE writes for a client's process to make the server object there. All numbers little-endian:
//   magic u32, version u32, instance 16 bytes, characters u32, target in UTF-16; after it the standard marshaling data of
//   the EXE's own object, for the case that nothing can be made.
#pragma once

#include <objidl.h>

#include <string>

namespace understudy {

struct Passport {
  // Of the EXE's object: unmarshaled twice in one process it is one object there too.
  GUID instance = {};
  // Name of the pair.
  std::wstring target;

  ULONG size() const;
  HRESULT Write(IStream* stream) const;
  // E_UNEXPECTED where the bytes are none of ours.
  static HRESULT Read(IStream* stream, Passport& passport);
};

}  // namespace understudy
