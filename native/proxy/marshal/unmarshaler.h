// Makes the server object in a client's process from what the EXE wrote for it.
#pragma once

#include "../../common/com/com_object.h"
#include "../module.h"
#include "../settings.h"
#include "passport.h"

namespace understudy {

class Unmarshaler : public ComObject<IMarshal> {
 public:
  explicit Unmarshaler(ClassSettings about) : about_(std::move(about)) {}

  STDMETHODIMP GetUnmarshalClass(REFIID iid, void* object, DWORD context, void* reserved, DWORD flags, CLSID* clsid) override;
  STDMETHODIMP GetMarshalSizeMax(REFIID iid, void* object, DWORD context, void* reserved, DWORD flags, DWORD* size) override;
  STDMETHODIMP MarshalInterface(IStream* stream, REFIID iid, void* object, DWORD context, void* reserved, DWORD flags) override;
  STDMETHODIMP UnmarshalInterface(IStream* stream, REFIID iid, void** out) override;
  STDMETHODIMP ReleaseMarshalData(IStream* stream) override;
  STDMETHODIMP DisconnectObject(DWORD reserved) override;

 private:
  HRESULT MakeHere(const Passport& passport, REFIID iid, void** out) const;

  const ModuleReference module_;
  const ClassSettings about_;
};

}  // namespace understudy
