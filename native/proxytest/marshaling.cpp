#include <objbase.h>

#include <ocidl.h>
#include <opccomn.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "checks.h"

namespace understudy::proxytest {
namespace {

using Bytes = std::vector<uint8_t>;

ComPtr<IStream> StreamOf(const Bytes& bytes) {
  ComPtr<IStream> stream;
  CreateStreamOnHGlobal(nullptr, TRUE, stream.Out());
  ULONG written = 0;
  if (!bytes.empty()) stream->Write(bytes.data(), static_cast<ULONG>(bytes.size()), &written);
  stream->Seek({}, STREAM_SEEK_SET, nullptr);
  return stream;
}

Bytes Passport(uint32_t magic, uint32_t version, uint32_t characters, const std::wstring& target) {
  Bytes bytes(28 + target.size() * sizeof(wchar_t));
  std::memcpy(bytes.data(), &magic, 4);
  std::memcpy(bytes.data() + 4, &version, 4);
  std::memcpy(bytes.data() + 24, &characters, 4);
  std::memcpy(bytes.data() + 28, target.data(), target.size() * sizeof(wchar_t));
  return bytes;
}

void SameObject(const char* what, IUnknown* one, IUnknown* other) {
  if (!one || !other) return Check(what, false);
  Check(what, ComPtr<IUnknown>(one).As<IUnknown>().get() == ComPtr<IUnknown>(other).As<IUnknown>().get());
}

// To another apartment of this process it is the same pointer, without a proxy between.
void ToOtherApartment(IOPCServer* server) {
  IStream* stream = nullptr;
  Expect("CoMarshalInterThreadInterfaceInStream", CoMarshalInterThreadInterfaceInStream(__uuidof(IOPCServer), server, &stream), S_OK);
  std::thread([stream, server] {
    CoInitializeEx(nullptr, COINIT_APARTMENTTHREADED);
    {
      ComPtr<IOPCServer> here;
      Expect("CoGetInterfaceAndReleaseStream", CoGetInterfaceAndReleaseStream(stream, __uuidof(IOPCServer), here.OutVoid()), S_OK);
      Check("the pointer is the same in another apartment", here.get() == server);
    }
    CoUninitialize();
  }).join();
}

}  // namespace

void Marshaling(REFCLSID clsid) {
  MULTI_QI wanted[2] = {};
  wanted[0].pIID = &__uuidof(IOPCServer);
  wanted[1].pIID = &__uuidof(IOPCCommon);
  Expect("CoCreateInstanceEx", CoCreateInstanceEx(clsid, nullptr, CLSCTX_LOCAL_SERVER, nullptr, 2, wanted), S_OK);
  const auto server = ComPtr<IOPCServer>::Adopt(static_cast<IOPCServer*>(wanted[0].pItf));
  const auto common = ComPtr<IOPCCommon>::Adopt(static_cast<IOPCCommon*>(wanted[1].pItf));
  if (!server || !common) return;
  SameObject("both interfaces are of one object", server.get(), common.get());
  ToOtherApartment(server.get());

  ComPtr<IConnectionPoint> point;
  server.As<IConnectionPointContainer>()->FindConnectionPoint(__uuidof(IOPCShutdown), point.Out());
  ComPtr<IConnectionPointContainer> container;
  Expect("GetConnectionPointContainer", point ? point->GetConnectionPointContainer(container.Out()) : E_FAIL, S_OK);
  SameObject("the connection point leads back to the object", container.get(), server.get());

  // A pointer that is handed on to another process, which then does not take it.
  const auto stream = StreamOf({});
  const HRESULT handed = CoMarshalInterface(stream.get(), __uuidof(IOPCServer), server.get(), MSHCTX_LOCAL, nullptr, MSHLFLAGS_NORMAL);
  Expect("CoMarshalInterface for another process", handed, S_OK);
  stream->Seek({}, STREAM_SEEK_SET, nullptr);
  Expect("CoReleaseMarshalData", CoReleaseMarshalData(stream.get()), S_OK);
  Expect("CoDisconnectObject", CoDisconnectObject(server.get(), 0), S_OK);
  OPCSERVERSTATUS* status = nullptr;
  Expect("GetStatus after it", server->GetStatus(&status), S_OK);
  if (status) CoTaskMemFree(status->szVendorInfo);
  CoTaskMemFree(status);
}

void AlteredPassports(REFCLSID clsid) {
  constexpr uint32_t kMagic = 0x50534455;
  ComPtr<IClassFactory> factory;
  Expect("CoGetClassObject", CoGetClassObject(clsid, CLSCTX_INPROC_SERVER, nullptr, __uuidof(IClassFactory), factory.OutVoid()), S_OK);
  ComPtr<IMarshal> unmarshaler;
  Expect("an unmarshaler", factory ? factory->CreateInstance(nullptr, IID_IMarshal, unmarshaler.OutVoid()) : E_FAIL, S_OK);
  if (!unmarshaler) return;
  const struct {
    const char* what;
    Bytes bytes;
  } cases[] = {
      {"nothing", {}},
      {"half a head", Bytes(13, 0x55)},
      {"noise", Bytes(400, 0xA5)},
      {"another version", Passport(kMagic, 2, 1, L"x")},
      {"more characters than there are", Passport(kMagic, 1, 40, L"x")},
      {"a count beyond all bounds", Passport(kMagic, 1, 0xFFFFFFFF, L"x")},
      {"another target and nothing to fall back on", Passport(kMagic, 1, 5, L"other")},
  };
  for (const auto& each : cases) {
    void* out = &factory;
    const HRESULT result = unmarshaler->UnmarshalInterface(StreamOf(each.bytes).get(), __uuidof(IOPCServer), &out);
    Check(each.what, FAILED(result) && out == nullptr);
    Check(each.what, FAILED(unmarshaler->ReleaseMarshalData(StreamOf(each.bytes).get())));
  }
  void* out = nullptr;
  Expect("UnmarshalInterface of null", unmarshaler->UnmarshalInterface(nullptr, __uuidof(IOPCServer), &out), E_POINTER);
  Expect("UnmarshalInterface to null", unmarshaler->UnmarshalInterface(StreamOf({}).get(), __uuidof(IOPCServer), nullptr), E_POINTER);
  Expect("ReleaseMarshalData of null", unmarshaler->ReleaseMarshalData(nullptr), E_POINTER);
}

}  // namespace understudy::proxytest
