// Makes server objects of one class.
#pragma once

#include <unknwn.h>

#include "agile_object.h"
#include "settings.h"

namespace understudy {

class ClassFactory : public AgileObject<IClassFactory> {
 public:
  explicit ClassFactory(ClassSettings about) : about_(std::move(about)) {}

  STDMETHODIMP CreateInstance(IUnknown* outer, REFIID iid, void** out) override;
  STDMETHODIMP LockServer(BOOL lock) override;

 private:
  const ClassSettings about_;
};

}  // namespace understudy
