#include "original.h"

#include <objbase.h>

namespace understudy {

HRESULT CreateOriginal(const ClassSettings& about, REFIID iid, void** out) {
  if (!about.original) return REGDB_E_CLASSNOTREG;
  if (about.original_machine.empty()) {
    // Never in-process: under the original's own class the DLL found there is this one.
    return CoCreateInstance(*about.original, nullptr, CLSCTX_LOCAL_SERVER, iid, out);
  }
  COSERVERINFO machine = {};
  machine.pwszName = const_cast<LPWSTR>(about.original_machine.c_str());
  MULTI_QI wanted = {};
  wanted.pIID = &iid;
  const HRESULT result = CoCreateInstanceEx(*about.original, nullptr, CLSCTX_REMOTE_SERVER, &machine, 1, &wanted);
  if (FAILED(result)) return result;
  *out = wanted.pItf;
  return wanted.hr;
}

}  // namespace understudy
