// A COM object of ours: any thread of the client's process may call it (it aggregates the free-threaded marshaler), and
// it keeps the module loaded.
#pragma once

#include "../common/com/com_object.h"
#include "../common/com/com_ptr.h"
#include "module.h"

namespace understudy {

template <class... Interfaces>
class AgileObject : public ComObject<Interfaces...> {
 public:
  STDMETHODIMP QueryInterface(REFIID iid, void** out) override {
    if (!out) return E_POINTER;
    if (IsEqualIID(iid, IID_IMarshal) && marshaler_) return marshaler_->QueryInterface(iid, out);
    return ComObject<Interfaces...>::QueryInterface(iid, out);
  }

 protected:
  using First = typename ComObject<Interfaces...>::First;

  AgileObject() { CoCreateFreeThreadedMarshaler(static_cast<First*>(this), marshaler_.Out()); }

 private:
  ModuleReference module_;
  ComPtr<IUnknown> marshaler_;
};

}  // namespace understudy
