// IClassFactory of an EXE server.
#pragma once

#include <windows.h>

#include <objbase.h>

#include <atomic>
#include <functional>

#include "com_object.h"
#include "com_ptr.h"

namespace understudy {

class ClassFactory : public ComObject<IClassFactory> {
 public:
  using Create = std::function<HRESULT(REFIID iid, void** out)>;
  explicit ClassFactory(Create create) : create_(std::move(create)) {}

  long locks() const { return locks_; }

  STDMETHODIMP CreateInstance(IUnknown* outer, REFIID iid, void** out) override {
    if (!out) return E_POINTER;
    *out = nullptr;
    if (outer) return CLASS_E_NOAGGREGATION;
    return create_(iid, out);
  }
  STDMETHODIMP LockServer(BOOL lock) override {
    if (lock) ++locks_;
    else --locks_;
    return S_OK;
  }

 private:
  const Create create_;
  std::atomic<long> locks_{0};
};

}  // namespace understudy
