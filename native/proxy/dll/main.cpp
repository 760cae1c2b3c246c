// The proxy as an in-process server. The same DLL serves every class that the registry names as one of ours.
#include <objbase.h>

#include "../class_factory.h"
#include "../guard.h"

using namespace understudy;

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, void** out) {
  if (!out) return E_POINTER;
  *out = nullptr;
  return Safely([&]() -> HRESULT {
    auto about = ReadClassSettings(clsid);
    if (!about) return CLASS_E_CLASSNOTAVAILABLE;
    const auto factory = ComPtr<ClassFactory>::Adopt(new ClassFactory(std::move(*about)));
    return factory->QueryInterface(iid, out);
  });
}

STDAPI DllCanUnloadNow() { return Module::Count() == 0 && Module::Threads() == 0 ? S_OK : S_FALSE; }

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void*) {
  if (reason == DLL_PROCESS_ATTACH) DisableThreadLibraryCalls(instance);
  return TRUE;
}
