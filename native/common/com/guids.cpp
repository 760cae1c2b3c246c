// The GUIDs that opccomn.h and opcda.h declare.
#include <windows.h>

#include <initguid.h>

#include <opccomn.h>
#include <opcda.h>
