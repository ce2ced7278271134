# Why a crossing went as it did: to the traveler, to the officer, and what to do next. The traveler's text is shown
# large in place of a hint: short, kind, one thing to do.

reason-FACE_MATCHED_CHIP-traveler = Gracias. Buen viaje.
reason-FACE_MATCHED_CHIP-officer = El rostro coincide con el retrato del chip.
reason-FACE_MATCHED_CHIP-remedy = No hay nada que hacer.

reason-FACE_MATCHED_ENROLLMENT-traveler = Gracias. Buen viaje.
reason-FACE_MATCHED_ENROLLMENT-officer = El rostro coincide con la inscripción del viajero.
reason-FACE_MATCHED_ENROLLMENT-remedy = No hay nada que hacer.

reason-FINGER_MATCHED_ENROLLMENT-traveler = Gracias. Buen viaje.
reason-FINGER_MATCHED_ENROLLMENT-officer = El dedo coincide con la inscripción del viajero.
reason-FINGER_MATCHED_ENROLLMENT-remedy = No hay nada que hacer.

reason-OFFICER_ACCEPTED-traveler = Gracias. Buen viaje.
reason-OFFICER_ACCEPTED-officer = Un agente aceptó este paso.
reason-OFFICER_ACCEPTED-remedy = No hay nada que hacer: el nombre y el motivo quedan registrados.

reason-OFFICER_REFUSED-traveler = Hable con el agente en el mostrador, por favor.
reason-OFFICER_REFUSED-officer = Un agente rechazó este paso.
reason-OFFICER_REFUSED-remedy = Continúe en persona con el viajero en el mostrador.

reason-DOCUMENT_UNREADABLE-traveler = Apoye bien el documento e inténtelo de nuevo.
reason-DOCUMENT_UNREADABLE-officer = El lector detectó un documento, pero no pudo leerlo.
reason-DOCUMENT_UNREADABLE-remedy = Pida al viajero que retire cualquier funda y vuelva a presentar el documento.

reason-READER_UNAVAILABLE-traveler = Use otra puerta, por favor.
reason-READER_UNAVAILABLE-officer = El lector de documentos no responde.
reason-READER_UNAVAILABLE-remedy = Compruebe su cable y su alimentación. Si sigue sin responder, cierre la puerta y avise al técnico.

reason-MRZ_UNREADABLE-traveler = Abra la página de su foto e inténtelo de nuevo.
reason-MRZ_UNREADABLE-officer = No se encontró la zona de lectura mecánica en la página.
reason-MRZ_UNREADABLE-remedy = Haga apoyar bien la página de la foto, con las líneas impresas limpias y a la vista.

reason-MRZ_CHECK_DIGIT_WRONG-traveler = Apoye bien el documento e inténtelo de nuevo.
reason-MRZ_CHECK_DIGIT_WRONG-officer = Un dígito de control de la zona de lectura mecánica es incorrecto.
reason-MRZ_CHECK_DIGIT_WRONG-remedy = Haga presentar de nuevo el documento. Si el error persiste, examine si se alteraron las líneas impresas.

reason-CHIP_NOT_RESPONDING-traveler = Deje su documento sobre el lector, por favor.
reason-CHIP_NOT_RESPONDING-officer = El chip dejó de responder antes de terminar la lectura.
reason-CHIP_NOT_RESPONDING-remedy = Haga presentar de nuevo el documento sin moverlo. Si vuelve a fallar, revíselo a mano.

reason-CHIP_ACCESS_DENIED-traveler = Un agente le ayudará con su documento.
reason-CHIP_ACCESS_DENIED-officer = El chip no aceptó la clave derivada de la zona de lectura mecánica.
reason-CHIP_ACCESS_DENIED-remedy = Compare las líneas impresas con la página de datos y vuelva a leer el documento en el mostrador.

reason-CHIP_PROTOCOL_ERROR-traveler = Un agente le ayudará con su documento.
reason-CHIP_PROTOCOL_ERROR-officer = El chip no respondió como exige el Doc 9303 de la OACI.
reason-CHIP_PROTOCOL_ERROR-remedy = Revise el documento a mano e informe al técnico del emisor y del tipo.

reason-PACE_FAILED-traveler = Un agente le ayudará con su documento.
reason-PACE_FAILED-officer = El chip no se pudo abrir con PACE como exigen las reglas, y la causa no es una clave equivocada.
reason-PACE_FAILED-remedy = Vuelva a leer el documento en el mostrador. Si PACE también falla allí, revíselo a mano: las reglas no admiten BAC en su lugar.

reason-CHIP_DATA_REFUSED-traveler = Un agente le ayudará con su documento.
reason-CHIP_DATA_REFUSED-officer = El chip se niega a entregar datos que el paso necesita, como el retrato (DG2).
reason-CHIP_DATA_REFUSED-remedy = Revise el documento a mano e informe al técnico del emisor y del tipo.

reason-CHIP_AUTHENTICATION_FAILED-traveler = Un agente le ayudará con su documento.
reason-CHIP_AUTHENTICATION_FAILED-officer = La autenticación del chip (Chip Authentication) falló: el chip no tiene la clave que se expidió. Puede ser un clon.
reason-CHIP_AUTHENTICATION_FAILED-remedy = No se fíe del chip. Haga examinar el documento en segunda línea como posible copia.

reason-ACTIVE_AUTHENTICATION_FAILED-traveler = Un agente le ayudará con su documento.
reason-ACTIVE_AUTHENTICATION_FAILED-officer = La autenticación activa (Active Authentication) falló: el chip no tiene la clave que se expidió. Puede ser un clon.
reason-ACTIVE_AUTHENTICATION_FAILED-remedy = No se fíe del chip. Haga examinar el documento en segunda línea como posible copia.

reason-CHIP_NOT_PROVEN_GENUINE-traveler = Un agente le ayudará con su documento.
reason-CHIP_NOT_PROVEN_GENUINE-officer = El chip no demostró ser el que se expidió, aunque los datos firmados o las reglas lo exigen.
reason-CHIP_NOT_PROVEN_GENUINE-remedy = Examine el documento a mano por si el chip fue copiado o sustituido y decida.

reason-CHIP_MRZ_MISMATCH-traveler = Un agente le ayudará con su documento.
reason-CHIP_MRZ_MISMATCH-officer = Los datos del chip (DG1) difieren de la zona de lectura mecánica impresa.
reason-CHIP_MRZ_MISMATCH-remedy = No se fíe del documento hasta que se examine en segunda línea.

reason-CHIP_PORTRAIT_UNUSABLE-traveler = Un agente verá su foto con usted.
reason-CHIP_PORTRAIT_UNUSABLE-officer = El retrato del chip (DG2) no se puede descodificar o no muestra un rostro utilizable.
reason-CHIP_PORTRAIT_UNUSABLE-remedy = Compare al viajero con el retrato impreso y decida.

reason-PA_HASH_MISMATCH-traveler = Un agente le ayudará con su documento.
reason-PA_HASH_MISMATCH-officer = Un grupo de datos del chip no es el que firmó el emisor: los valores hash difieren.
reason-PA_HASH_MISMATCH-remedy = No se fíe del chip. Haga examinar el documento en segunda línea.

reason-PA_SIGNATURE_INVALID-traveler = Un agente le ayudará con su documento.
reason-PA_SIGNATURE_INVALID-officer = La firma de los datos del chip (EF.SOD) no es válida.
reason-PA_SIGNATURE_INVALID-remedy = No se fíe del chip. Haga examinar el documento en segunda línea.

reason-PA_CSCA_UNKNOWN-traveler = Un agente le ayudará con su documento.
reason-PA_CSCA_UNKNOWN-officer = Ningún certificado nacional de confianza (CSCA) respalda al firmante de este documento.
reason-PA_CSCA_UNKNOWN-remedy = Revise el documento a mano y haga comprobar si está instalado el certificado de este emisor.

reason-PA_SIGNER_EXPIRED-traveler = Un agente le ayudará con su documento.
reason-PA_SIGNER_EXPIRED-officer = El certificado del firmante del documento está fuera de su período de validez.
reason-PA_SIGNER_EXPIRED-remedy = Revise el documento a mano y decida.

reason-PA_SIGNER_REVOKED-traveler = Un agente le ayudará con su documento.
reason-PA_SIGNER_REVOKED-officer = El certificado del firmante del documento fue revocado.
reason-PA_SIGNER_REVOKED-remedy = No se fíe de la firma del chip. Revise el documento a mano y, en caso de duda, consulte al emisor.

reason-PA_COUNTRY_MISMATCH-traveler = Un agente le ayudará con su documento.
reason-PA_COUNTRY_MISMATCH-officer = El documento lo firmó un país distinto de su emisor.
reason-PA_COUNTRY_MISMATCH-remedy = No se fíe del chip. Haga examinar el documento en segunda línea.

reason-PA_DOCUMENT_TYPE_MISMATCH-traveler = Un agente le ayudará con su documento.
reason-PA_DOCUMENT_TYPE_MISMATCH-officer = El firmante del documento no está facultado para firmar documentos de este tipo.
reason-PA_DOCUMENT_TYPE_MISMATCH-remedy = Revise el documento a mano y decida.

reason-PA_MALFORMED-traveler = Un agente le ayudará con su documento.
reason-PA_MALFORMED-officer = El objeto de seguridad del chip (EF.SOD) no cumple el Doc 9303-10 de la OACI.
reason-PA_MALFORMED-remedy = No se fíe del chip. Haga examinar el documento en segunda línea.

reason-DOCUMENT_EXPIRED-traveler = Su documento ha caducado. Un agente le ayudará.
reason-DOCUMENT_EXPIRED-officer = La fecha de caducidad del documento ya pasó.
reason-DOCUMENT_EXPIRED-remedy = Compruebe la fecha a simple vista y decida según las normas sobre documentos caducados.

reason-DOCUMENT_TYPE_NOT_ADMITTED-traveler = Un agente revisará este documento en el mostrador.
reason-DOCUMENT_TYPE_NOT_ADMITTED-officer = Esta puerta no admite este tipo de documento.
reason-DOCUMENT_TYPE_NOT_ADMITTED-remedy = Atienda al viajero en el mostrador.

reason-ISSUER_NOT_ADMITTED-traveler = Un agente revisará este documento en el mostrador.
reason-ISSUER_NOT_ADMITTED-officer = Esta puerta no admite documentos de este emisor.
reason-ISSUER_NOT_ADMITTED-remedy = Atienda al viajero en el mostrador.

reason-AGE_BELOW_MINIMUM-traveler = Los viajeros jóvenes pasan por el mostrador.
reason-AGE_BELOW_MINIMUM-officer = El viajero no tiene la edad mínima que admite esta puerta.
reason-AGE_BELOW_MINIMUM-remedy = Atienda al viajero en el mostrador, junto con el adulto que lo acompaña.

reason-AGE_UNKNOWN-traveler = Un agente le ayudará.
reason-AGE_UNKNOWN-officer = La fecha de nacimiento es desconocida o está incompleta: no se puede saber la edad.
reason-AGE_UNKNOWN-remedy = Determine la edad por la página de datos y atienda al viajero en el mostrador.

reason-CARD_UNKNOWN-traveler = Aquí no consta esta tarjeta. Un agente le ayudará.
reason-CARD_UNKNOWN-officer = La tarjeta no corresponde a ninguna inscripción que conozca esta puerta.
reason-CARD_UNKNOWN-remedy = Busque la tarjeta en el servicio de inscripción. Una tarjeta nueva llega a la puerta con la próxima sincronización.

reason-ENROLLMENT_SUSPENDED-traveler = Su tarjeta está en pausa. Un agente le ayudará.
reason-ENROLLMENT_SUSPENDED-officer = La inscripción del viajero está suspendida.
reason-ENROLLMENT_SUSPENDED-remedy = Consulte el motivo en el servicio de inscripción y atienda al viajero con su documento de viaje.

reason-ENROLLMENT_EXPIRED-traveler = Su inscripción ha terminado. Un agente le ayudará.
reason-ENROLLMENT_EXPIRED-officer = La inscripción del viajero ha caducado.
reason-ENROLLMENT_EXPIRED-remedy = Atienda al viajero con su documento de viaje y ofrézcale la renovación.

reason-ENROLLMENT_REVOKED-traveler = Su inscripción debe renovarse. Un agente le ayudará.
reason-ENROLLMENT_REVOKED-officer = Los códigos de esta inscripción se revocaron: no hay nada con que comparar al viajero.
reason-ENROLLMENT_REVOKED-remedy = Atienda al viajero con su documento de viaje y haga que vuelvan a tomarle el rostro o los dedos en el puesto de inscripción.

reason-FACTOR_NOT_ENROLLED-traveler = A su tarjeta le falta un dato. Un agente le ayudará.
reason-FACTOR_NOT_ENROLLED-officer = La inscripción no tiene ni el rostro ni el dedo que pide este lugar.
reason-FACTOR_NOT_ENROLLED-remedy = Atienda al viajero con su documento de viaje y ofrézcale inscribir el rostro o los dedos.

reason-CONSENT_ENDED-traveler = Su consentimiento ha terminado. Un agente le ayudará.
reason-CONSENT_ENDED-officer = El consentimiento del viajero para comparar su rostro o sus dedos ha terminado o fue retirado.
reason-CONSENT_ENDED-remedy = Atienda al viajero con su documento de viaje. Si lo desea, la oficina de inscripción puede tomar un nuevo consentimiento.

reason-ENROLLMENT_CACHE_STALE-traveler = Las tarjetas no funcionan ahora. Un agente le ayudará.
reason-ENROLLMENT_CACHE_STALE-officer = La puerta lleva sin conexión con el servicio de inscripción más tiempo del que permiten sus normas.
reason-ENROLLMENT_CACHE_STALE-remedy = Atienda al viajero con su documento de viaje y haga restablecer la conexión con el servicio de inscripción.

reason-STORE_CORRUPT-traveler = La puerta tiene una avería. Un agente le ayudará.
reason-STORE_CORRUPT-officer = No se puede abrir un registro de la caché de la puerta: está dañado o sellado con otra clave.
reason-STORE_CORRUPT-remedy = Atienda al viajero con su documento de viaje y pida al técnico que renueve la caché.

reason-FACE_NOT_FOUND-traveler = Mire a la cámara, por favor.
reason-FACE_NOT_FOUND-officer = No había ningún rostro a la vista de la cámara.
reason-FACE_NOT_FOUND-remedy = Pida al viajero que se coloque en la marca, de frente a la cámara y con el rostro descubierto.

reason-FACE_MULTIPLE-traveler = Una sola persona a la vez, por favor.
reason-FACE_MULTIPLE-officer = Había más de un rostro a la vista de la cámara.
reason-FACE_MULTIPLE-remedy = Asegúrese de que haya una sola persona en la puerta y deje que el viajero lo intente de nuevo.

reason-FACE_IMAGE_BLANK-traveler = La cámara tiene una avería. Un agente le ayudará.
reason-FACE_IMAGE_BLANK-officer = La imagen de la cámara está vacía.
reason-FACE_IMAGE_BLANK-remedy = Compruebe si el objetivo está tapado o la luz apagada. Si no es así, avise al técnico.

reason-FACE_IMAGE_UNREADABLE-traveler = La cámara tiene una avería. Un agente le ayudará.
reason-FACE_IMAGE_UNREADABLE-officer = La imagen de la cámara no se puede descodificar.
reason-FACE_IMAGE_UNREADABLE-remedy = Reinicie la cámara. Si vuelve a ocurrir, avise al técnico.

reason-FACE_QUALITY_LOW-traveler = Acérquese y mire a la cámara, por favor.
reason-FACE_QUALITY_LOW-officer = El rostro estaba demasiado pequeño, borroso, oscuro o girado.
reason-FACE_QUALITY_LOW-remedy = Pida al viajero que se acerque y mire de frente a la cámara; compruebe la iluminación.

reason-FACE_SCORE_BELOW_THRESHOLD-traveler = Un agente le ayudará enseguida.
reason-FACE_SCORE_BELOW_THRESHOLD-officer = El rostro, comparado con la referencia, no alcanzó el umbral de este lugar.
reason-FACE_SCORE_BELOW_THRESHOLD-remedy = Compare usted mismo las dos imágenes y al viajero, y decida.

reason-PRESENTATION_ATTACK_SUSPECTED-traveler = Un agente le ayudará enseguida.
reason-PRESENTATION_ATTACK_SUSPECTED-officer = El rostro ante las cámaras puede ser una imagen, una pantalla o una máscara; el detalle dice qué indicio lo señala.
reason-PRESENTATION_ATTACK_SUSPECTED-remedy = Mire primero el rostro y las manos del viajero, después las imágenes, y decida.

reason-FACE_CAPTURE_TIMEOUT-traveler = Un agente le ayudará enseguida.
reason-FACE_CAPTURE_TIMEOUT-officer = No se captó una imagen utilizable del rostro en el tiempo previsto.
reason-FACE_CAPTURE_TIMEOUT-remedy = Compare usted mismo al viajero con el retrato y decida. Si ocurre a menudo, revise la cámara y la luz.

reason-CAMERA_UNAVAILABLE-traveler = La cámara tiene una avería. Un agente le ayudará.
reason-CAMERA_UNAVAILABLE-officer = La cámara no responde.
reason-CAMERA_UNAVAILABLE-remedy = Compruebe su cable y su alimentación. Si sigue sin responder, cierre la puerta y avise al técnico.

reason-CAMERA_DEGRADED-traveler = Una cámara tiene una avería. La puerta sigue funcionando.
reason-CAMERA_DEGRADED-officer = Una de las cámaras no da imágenes; las demás siguen.
reason-CAMERA_DEGRADED-remedy = Compruebe su cable y su alimentación, y avise al técnico. Mientras tanto, los viajeros muy altos, bajos o sentados pueden necesitar ayuda.

reason-FINGER_NOT_PLACED-traveler = Ponga el dedo en el sensor, por favor.
reason-FINGER_NOT_PLACED-officer = No se puso ningún dedo en el sensor a tiempo.
reason-FINGER_NOT_PLACED-remedy = Muestre al viajero dónde está el sensor y cómo poner el dedo bien plano.

reason-FINGER_QUALITY_LOW-traveler = Pruebe con otro dedo, por favor.
reason-FINGER_QUALITY_LOW-officer = Las huellas estaban demasiado secas, húmedas, borrosas o eran demasiado parciales.
reason-FINGER_QUALITY_LOW-remedy = Los dedos gastados o heridos son normales: pida otro dedo, limpie el sensor o compruebe usted mismo.

reason-FINGER_IMAGE_UNREADABLE-traveler = El sensor tiene una avería. Un agente le ayudará.
reason-FINGER_IMAGE_UNREADABLE-officer = No se puede descodificar la imagen del sensor de huellas.
reason-FINGER_IMAGE_UNREADABLE-remedy = Desconecte el sensor y vuelva a conectarlo. Si se repite, avise al técnico.

reason-FINGER_SCORE_BELOW_THRESHOLD-traveler = Un agente le ayudará enseguida.
reason-FINGER_SCORE_BELOW_THRESHOLD-officer = El dedo, comparado con los inscritos, no alcanzó el umbral de este lugar.
reason-FINGER_SCORE_BELOW_THRESHOLD-remedy = Pregunte qué dedos se inscribieron y compruebe el documento de viaje; después decida.

reason-FINGER_CAPTURE_TIMEOUT-traveler = Un agente le ayudará enseguida.
reason-FINGER_CAPTURE_TIMEOUT-officer = No se tomó ninguna huella utilizable en el tiempo previsto.
reason-FINGER_CAPTURE_TIMEOUT-remedy = Compruebe el documento de viaje y decida. Si ocurre a menudo, limpie el sensor.

reason-FINGER_SENSOR_UNAVAILABLE-traveler = El sensor tiene una avería. Un agente le ayudará.
reason-FINGER_SENSOR_UNAVAILABLE-officer = El sensor de huellas no responde, o esta puerta no tiene.
reason-FINGER_SENSOR_UNAVAILABLE-remedy = Compruebe su cable y los permisos del dispositivo. Hasta entonces, las tarjetas sin rostro inscrito pasan a usted.

reason-FINGER_MATCHER_UNAVAILABLE-traveler = La puerta tiene una avería. Un agente le ayudará.
reason-FINGER_MATCHER_UNAVAILABLE-officer = No se pueden comparar dedos: una red neuronal o sus umbrales faltan, o ha fallado.
reason-FINGER_MATCHER_UNAVAILABLE-remedy = Pida al técnico que reinstale las redes, o que ponga finger_extraction en fast. Los rostros se siguen comparando.

reason-MATCHER_UNAVAILABLE-traveler = La puerta tiene una avería. Un agente le ayudará.
reason-MATCHER_UNAVAILABLE-officer = No se pueden comparar rostros: una red neuronal falta o ha fallado.
reason-MATCHER_UNAVAILABLE-remedy = Cierre la puerta y pida al técnico que reinstale las redes.

reason-ENTRY_TIMEOUT-traveler = Ponga de nuevo su documento en el lector.
reason-ENTRY_TIMEOUT-officer = Nadie pasó por la puerta de entrada a tiempo.
reason-ENTRY_TIMEOUT-remedy = No hay nada que hacer: el viajero puede empezar de nuevo.

reason-TRAVELER_LEFT-traveler = Ponga de nuevo su documento en el lector.
reason-TRAVELER_LEFT-officer = El viajero se fue antes de la decisión.
reason-TRAVELER_LEFT-remedy = Vea si el viajero necesita ayuda; si no, no hay nada que hacer.

reason-EXIT_TIMEOUT-traveler = Un agente viene a ayudarle.
reason-EXIT_TIMEOUT-officer = Nadie salió por la puerta de salida a tiempo.
reason-EXIT_TIMEOUT-remedy = Vea si el viajero sigue dentro y necesita ayuda.

reason-REFERRAL_TIMEOUT-traveler = Gracias por esperar. Diríjase al mostrador.
reason-REFERRAL_TIMEOUT-officer = Ningún agente decidió a tiempo.
reason-REFERRAL_TIMEOUT-remedy = Reciba al viajero en el mostrador.

reason-OBSTACLE-traveler = Apártese de la puerta, por favor.
reason-OBSTACLE-officer = Algo estorba el movimiento de una puerta.
reason-OBSTACLE-remedy = Haga despejar el paso de personas y equipaje.

reason-DOOR_FAULT-traveler = No se acerque a las puertas. Un agente le ayudará.
reason-DOOR_FAULT-officer = Una puerta no llegó a su posición o se movió sin orden.
reason-DOOR_FAULT-remedy = Aleje a las personas de las puertas, cierre el paso y avise al técnico.

reason-PERSON_INSIDE-traveler = Espere, por favor. Viene un agente
reason-PERSON_INSIDE-officer = Hay una persona entre las puertas y ningún paso en curso
reason-PERSON_INSIDE-remedy = Acuda a la puerta; abra una puerta manualmente para que salga la persona e indique el motivo
reason-INTERLOCK_REFUSED-traveler = Espere, por favor. Un agente le ayudará.
reason-INTERLOCK_REFUSED-officer = El torniquete rechazó una orden para que las dos puertas nunca estén abiertas a la vez.
reason-INTERLOCK_REFUSED-remedy = Espere a que las dos puertas estén cerradas e inténtelo de nuevo. Si vuelve a ocurrir, avise al técnico.

reason-BARRIER_LINE_LOST-traveler = La puerta tiene una avería. Un agente le ayudará.
reason-BARRIER_LINE_LOST-officer = Se perdió la conexión con el torniquete.
reason-BARRIER_LINE_LOST-remedy = Vea si hay alguien dentro. Compruebe el cable y la alimentación del torniquete y avise al técnico.

reason-EMERGENCY_RELEASE-traveler = Salga ahora. Todas las puertas están abiertas.
reason-EMERGENCY_RELEASE-officer = La alarma de incendios liberó las puertas.
reason-EMERGENCY_RELEASE-remedy = Siga el plan de evacuación. No ponga la puerta en servicio hasta que la zona se declare segura.

reason-GATE_HELD-traveler = Espere un momento, por favor.
reason-GATE_HELD-officer = Un agente retiene la puerta.
reason-GATE_HELD-remedy = Ponga la puerta en servicio cuando se resuelva la causa.

reason-GATE_CLOSED-traveler = Use otra puerta, por favor.
reason-GATE_CLOSED-officer = Un agente cerró la puerta.
reason-GATE_CLOSED-remedy = Ponga la puerta en servicio cuando vuelva a hacer falta.

reason-CONTROLLER_INTERRUPTED-traveler = Un agente viene a ayudarle.
reason-CONTROLLER_INTERRUPTED-officer = El controlador se detuvo en mitad de este paso.
reason-CONTROLLER_INTERRUPTED-remedy = Vea si queda algún viajero dentro. Si vuelve a ocurrir, haga examinar el registro técnico.

reason-JOURNAL_UNAVAILABLE-traveler = Use otra puerta, por favor.
reason-JOURNAL_UNAVAILABLE-officer = No se puede escribir el diario de pasos, de modo que ninguna puerta debe moverse.
reason-JOURNAL_UNAVAILABLE-remedy = Pida al técnico que revise el disco y los permisos de la carpeta del diario.

reason-AUDIT_NOT_WRITTEN-traveler = Use otra puerta, por favor.
reason-AUDIT_NOT_WRITTEN-officer = Los actos de los agentes no se pueden anotar en el registro de auditoría.
reason-AUDIT_NOT_WRITTEN-remedy = Las puertas siguen abriéndose a mano y se anota después; hasta entonces no se acepta a nadie ni se muestra ninguna imagen. Pida al técnico que revise el disco.

reason-DISK_FULL-traveler = Use otra puerta, por favor.
reason-DISK_FULL-officer = El disco del controlador está lleno.
reason-DISK_FULL-remedy = Pida al técnico que libere espacio.

reason-PORT_IN_USE-traveler = Use otra puerta, por favor.
reason-PORT_IN_USE-officer = Otro programa usa un puerto que la puerta necesita.
reason-PORT_IN_USE-remedy = Pida al técnico que cierre el otro programa o elija otro puerto en la configuración.

reason-CENTRE_UNREACHABLE-traveler = Aquí puede usar su pasaporte.
reason-CENTRE_UNREACHABLE-officer = No se puede contactar con el servicio de inscripción.
reason-CENTRE_UNREACHABLE-remedy = Haga revisar la red. Los registros se guardan y se enviarán cuando vuelva el servicio.

reason-GATE_NOT_ADMITTED-traveler = Aquí puede usar su pasaporte.
reason-GATE_NOT_ADMITTED-officer = El servicio de inscripción no admite esta puerta.
reason-GATE_NOT_ADMITTED-remedy = Haga que el servicio de inscripción emita un certificado nuevo para la puerta. Hasta entonces las tarjetas se remiten a usted; los registros se guardan.

reason-CENTRE_FAULT-traveler = Aquí puede usar su pasaporte.
reason-CENTRE_FAULT-officer = El servicio de inscripción responde, pero no con lo que esta puerta necesita.
reason-CENTRE_FAULT-remedy = Haga examinar los registros de sucesos de la puerta y del servicio y comparar sus versiones. Los registros de pasos se guardan.

reason-INTERNAL_FAULT-traveler = La puerta tiene una avería. Un agente le ayudará.
reason-INTERNAL_FAULT-officer = El programa del controlador sufrió un error interno.
reason-INTERNAL_FAULT-remedy = Reinicie la puerta y envíe su registro técnico al técnico.
