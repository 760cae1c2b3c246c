#include "error_text.h"

namespace understudy {
namespace {

const wchar_t* OpcText(HRESULT error) {
  switch (error) {
    case OPC_E_INVALIDHANDLE:
      return L"The handle is not valid";
    case OPC_E_BADTYPE:
      return L"The value cannot be converted to or from the requested data type";
    case OPC_E_PUBLIC:
      return L"This cannot be done with a public group";
    case OPC_E_BADRIGHTS:
      return L"The access rights of the item do not allow it";
    case OPC_E_UNKNOWNITEMID:
      return L"The server knows no such item";
    case OPC_E_INVALIDITEMID:
      return L"The item id is not of the server's syntax";
    case OPC_E_INVALIDFILTER:
      return L"The filter is not valid";
    case OPC_E_UNKNOWNPATH:
      return L"The server knows no such access path";
    case OPC_E_RANGE:
      return L"The value is out of range";
    case OPC_E_DUPLICATENAME:
      return L"The name is in use already";
    case OPC_S_UNSUPPORTEDRATE:
      return L"The server uses another rate than the requested one";
    case OPC_S_CLAMP:
      return L"The value was accepted but clamped";
    case OPC_S_INUSE:
      return L"The object is still in use";
    case OPC_E_INVALIDCONFIGFILE:
      return L"The server's configuration file is not valid";
    case OPC_E_NOTFOUND:
      return L"Not found";
    case OPC_E_INVALID_PID:
      return L"The item has no such property";
    case OPC_E_DEADBANDNOTSET:
      return L"The item has no deadband of its own";
    case OPC_E_DEADBANDNOTSUPPORTED:
      return L"The item does not support a deadband";
    case OPC_E_NOBUFFERING:
      return L"The server does not buffer values";
    case OPC_E_INVALIDCONTINUATIONPOINT:
      return L"The continuation point is not valid";
    case OPC_S_DATAQUEUEOVERFLOW:
      return L"Some values were lost before they were sent";
    case OPC_E_RATENOTSET:
      return L"The item has no sampling rate of its own";
    case OPC_E_NOTSUPPORTED:
      return L"The server does not support writing quality or timestamp";
    default:
      return nullptr;
  }
}

}  // namespace

std::wstring ErrorText(HRESULT error) {
  if (const wchar_t* text = OpcText(error)) return text;
  wchar_t buffer[512];
  const DWORD size = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
                                    static_cast<DWORD>(error), 0, buffer, 512, nullptr);
  std::wstring text(buffer, size);
  while (!text.empty() && (text.back() == L'\n' || text.back() == L'\r')) text.pop_back();
  return text;
}

}  // namespace understudy
