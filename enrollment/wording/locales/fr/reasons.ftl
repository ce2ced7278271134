# Why a crossing went as it did: to the traveler, to the officer, and what to do next. The traveler's text is shown
# large in place of a hint: short, kind, one thing to do.

reason-FACE_MATCHED_CHIP-traveler = Merci. Bon voyage.
reason-FACE_MATCHED_CHIP-officer = Le visage correspond au portrait contenu dans la puce.
reason-FACE_MATCHED_CHIP-remedy = Aucune action requise.

reason-FACE_MATCHED_ENROLLMENT-traveler = Merci. Bon voyage.
reason-FACE_MATCHED_ENROLLMENT-officer = Le visage correspond à l’inscription du voyageur.
reason-FACE_MATCHED_ENROLLMENT-remedy = Aucune action requise.

reason-FINGER_MATCHED_ENROLLMENT-traveler = Merci. Bon voyage.
reason-FINGER_MATCHED_ENROLLMENT-officer = Le doigt correspond à l’inscription du voyageur.
reason-FINGER_MATCHED_ENROLLMENT-remedy = Aucune action requise.

reason-OFFICER_ACCEPTED-traveler = Merci. Bon voyage.
reason-OFFICER_ACCEPTED-officer = Un agent a accepté ce passage.
reason-OFFICER_ACCEPTED-remedy = Aucune action requise : le nom et le motif sont enregistrés.

reason-OFFICER_REFUSED-traveler = Adressez-vous à l’agent au guichet.
reason-OFFICER_REFUSED-officer = Un agent a refusé ce passage.
reason-OFFICER_REFUSED-remedy = Poursuivez le contrôle au guichet, en présence du voyageur.

reason-DOCUMENT_UNREADABLE-traveler = Posez le document bien à plat et réessayez.
reason-DOCUMENT_UNREADABLE-officer = Le lecteur a détecté un document mais n’a pas pu le lire.
reason-DOCUMENT_UNREADABLE-remedy = Demandez au voyageur de retirer tout étui et de présenter de nouveau le document.

reason-READER_UNAVAILABLE-traveler = Veuillez utiliser un autre passage.
reason-READER_UNAVAILABLE-officer = Le lecteur de documents ne répond pas.
reason-READER_UNAVAILABLE-remedy = Vérifiez son câble et son alimentation. S’il reste muet, fermez le sas et appelez le technicien.

reason-MRZ_UNREADABLE-traveler = Ouvrez la page de votre photo et réessayez.
reason-MRZ_UNREADABLE-officer = Aucune zone de lecture automatique n’a été trouvée sur la page.
reason-MRZ_UNREADABLE-remedy = Faites poser la page de la photo bien à plat, les lignes imprimées propres et dégagées.

reason-MRZ_CHECK_DIGIT_WRONG-traveler = Posez le document bien à plat et réessayez.
reason-MRZ_CHECK_DIGIT_WRONG-officer = Un chiffre de contrôle de la zone de lecture automatique est faux.
reason-MRZ_CHECK_DIGIT_WRONG-remedy = Faites présenter de nouveau le document. Si l’erreur persiste, recherchez une altération des lignes imprimées.

reason-CHIP_NOT_RESPONDING-traveler = Laissez votre document sur le lecteur.
reason-CHIP_NOT_RESPONDING-officer = La puce a cessé de répondre avant la fin de la lecture.
reason-CHIP_NOT_RESPONDING-remedy = Faites présenter de nouveau le document sans le déplacer. En cas de nouvel échec, contrôlez-le à la main.

reason-CHIP_ACCESS_DENIED-traveler = Un agent va vous aider pour votre document.
reason-CHIP_ACCESS_DENIED-officer = La puce n’a pas accepté la clé tirée de la zone de lecture automatique.
reason-CHIP_ACCESS_DENIED-remedy = Comparez les lignes imprimées avec la page de données et relisez le document au guichet.

reason-CHIP_PROTOCOL_ERROR-traveler = Un agent va vous aider pour votre document.
reason-CHIP_PROTOCOL_ERROR-officer = La puce n’a pas répondu comme l’exige le Doc 9303 de l’OACI.
reason-CHIP_PROTOCOL_ERROR-remedy = Contrôlez le document à la main et signalez l’émetteur et le type au technicien.

reason-PACE_FAILED-traveler = Un agent va vous aider pour votre document.
reason-PACE_FAILED-officer = La puce n’a pas pu être ouverte par PACE comme l’exigent les règles, et une mauvaise clé n’en est pas la cause.
reason-PACE_FAILED-remedy = Relisez le document au guichet. Si PACE y échoue aussi, contrôlez-le à la main : les règles n’admettent pas BAC à sa place.

reason-CHIP_DATA_REFUSED-traveler = Un agent va vous aider pour votre document.
reason-CHIP_DATA_REFUSED-officer = La puce refuse des données nécessaires au passage, comme le portrait (DG2).
reason-CHIP_DATA_REFUSED-remedy = Contrôlez le document à la main et signalez l’émetteur et le type au technicien.

reason-CHIP_AUTHENTICATION_FAILED-traveler = Un agent va vous aider pour votre document.
reason-CHIP_AUTHENTICATION_FAILED-officer = L’authentification de la puce (Chip Authentication) a échoué : la puce n’a pas la clé délivrée. C’est peut-être un clone.
reason-CHIP_AUTHENTICATION_FAILED-remedy = Ne vous fiez pas à la puce. Faites examiner le document en deuxième ligne comme copie possible.

reason-ACTIVE_AUTHENTICATION_FAILED-traveler = Un agent va vous aider pour votre document.
reason-ACTIVE_AUTHENTICATION_FAILED-officer = L’authentification active (Active Authentication) a échoué : la puce n’a pas la clé délivrée. C’est peut-être un clone.
reason-ACTIVE_AUTHENTICATION_FAILED-remedy = Ne vous fiez pas à la puce. Faites examiner le document en deuxième ligne comme copie possible.

reason-CHIP_NOT_PROVEN_GENUINE-traveler = Un agent va vous aider pour votre document.
reason-CHIP_NOT_PROVEN_GENUINE-officer = La puce n’a pas prouvé qu’elle est celle qui a été délivrée, bien que les données signées ou les règles l’exigent.
reason-CHIP_NOT_PROVEN_GENUINE-remedy = Cherchez à la main les traces d’une puce copiée ou remplacée, puis décidez.

reason-CHIP_MRZ_MISMATCH-traveler = Un agent va vous aider pour votre document.
reason-CHIP_MRZ_MISMATCH-officer = Les données de la puce (DG1) diffèrent de la zone de lecture automatique imprimée.
reason-CHIP_MRZ_MISMATCH-remedy = Ne vous fiez pas au document avant un examen en deuxième ligne.

reason-CHIP_PORTRAIT_UNUSABLE-traveler = Un agent va regarder votre photo avec vous.
reason-CHIP_PORTRAIT_UNUSABLE-officer = Le portrait de la puce (DG2) est indéchiffrable ou ne montre aucun visage exploitable.
reason-CHIP_PORTRAIT_UNUSABLE-remedy = Comparez le voyageur avec le portrait imprimé, puis décidez.

reason-PA_HASH_MISMATCH-traveler = Un agent va vous aider pour votre document.
reason-PA_HASH_MISMATCH-officer = Un groupe de données de la puce n’est pas celui que l’émetteur a signé : les empreintes diffèrent.
reason-PA_HASH_MISMATCH-remedy = Ne vous fiez pas à la puce. Faites examiner le document en deuxième ligne.

reason-PA_SIGNATURE_INVALID-traveler = Un agent va vous aider pour votre document.
reason-PA_SIGNATURE_INVALID-officer = La signature des données de la puce (EF.SOD) n’est pas valable.
reason-PA_SIGNATURE_INVALID-remedy = Ne vous fiez pas à la puce. Faites examiner le document en deuxième ligne.

reason-PA_CSCA_UNKNOWN-traveler = Un agent va vous aider pour votre document.
reason-PA_CSCA_UNKNOWN-officer = Aucun certificat national de confiance (CSCA) ne garantit le signataire de ce document.
reason-PA_CSCA_UNKNOWN-remedy = Contrôlez le document à la main et faites vérifier que le certificat de cet émetteur est installé.

reason-PA_SIGNER_EXPIRED-traveler = Un agent va vous aider pour votre document.
reason-PA_SIGNER_EXPIRED-officer = Le certificat du signataire du document est hors de sa période de validité.
reason-PA_SIGNER_EXPIRED-remedy = Contrôlez le document à la main, puis décidez.

reason-PA_SIGNER_REVOKED-traveler = Un agent va vous aider pour votre document.
reason-PA_SIGNER_REVOKED-officer = Le certificat du signataire du document a été révoqué.
reason-PA_SIGNER_REVOKED-remedy = Ne vous fiez pas à la signature de la puce. Contrôlez le document à la main et, en cas de doute, interrogez l’émetteur.

reason-PA_COUNTRY_MISMATCH-traveler = Un agent va vous aider pour votre document.
reason-PA_COUNTRY_MISMATCH-officer = Le document a été signé par un autre pays que son émetteur.
reason-PA_COUNTRY_MISMATCH-remedy = Ne vous fiez pas à la puce. Faites examiner le document en deuxième ligne.

reason-PA_DOCUMENT_TYPE_MISMATCH-traveler = Un agent va vous aider pour votre document.
reason-PA_DOCUMENT_TYPE_MISMATCH-officer = Le signataire du document n’est pas habilité à signer ce type de document.
reason-PA_DOCUMENT_TYPE_MISMATCH-remedy = Contrôlez le document à la main, puis décidez.

reason-PA_MALFORMED-traveler = Un agent va vous aider pour votre document.
reason-PA_MALFORMED-officer = L’objet de sécurité de la puce (EF.SOD) n’est pas conforme au Doc 9303-10 de l’OACI.
reason-PA_MALFORMED-remedy = Ne vous fiez pas à la puce. Faites examiner le document en deuxième ligne.

reason-DOCUMENT_EXPIRED-traveler = Votre document a expiré. Un agent va vous aider.
reason-DOCUMENT_EXPIRED-officer = La date d’expiration du document est dépassée.
reason-DOCUMENT_EXPIRED-remedy = Vérifiez la date à l’œil, puis décidez selon les règles sur les documents expirés.

reason-DOCUMENT_TYPE_NOT_ADMITTED-traveler = Un agent contrôlera ce document au guichet.
reason-DOCUMENT_TYPE_NOT_ADMITTED-officer = Ce sas n’admet pas ce type de document.
reason-DOCUMENT_TYPE_NOT_ADMITTED-remedy = Traitez le voyageur au guichet.

reason-ISSUER_NOT_ADMITTED-traveler = Un agent contrôlera ce document au guichet.
reason-ISSUER_NOT_ADMITTED-officer = Ce sas n’admet pas les documents de cet émetteur.
reason-ISSUER_NOT_ADMITTED-remedy = Traitez le voyageur au guichet.

reason-AGE_BELOW_MINIMUM-traveler = Les jeunes voyageurs sont reçus au guichet.
reason-AGE_BELOW_MINIMUM-officer = Le voyageur n’a pas l’âge minimal admis par ce sas.
reason-AGE_BELOW_MINIMUM-remedy = Traitez le voyageur au guichet, avec l’adulte qui l’accompagne.

reason-AGE_UNKNOWN-traveler = Un agent va vous aider.
reason-AGE_UNKNOWN-officer = La date de naissance est inconnue ou incomplète : l’âge ne peut être établi.
reason-AGE_UNKNOWN-remedy = Établissez l’âge d’après la page de données, puis traitez le voyageur au guichet.

reason-CARD_UNKNOWN-traveler = Cette carte n’est pas connue ici. Un agent va vous aider.
reason-CARD_UNKNOWN-officer = La carte ne correspond à aucune inscription connue de ce sas.
reason-CARD_UNKNOWN-remedy = Recherchez la carte dans le service d’inscription. Une carte récente parvient au sas à la prochaine synchronisation.

reason-ENROLLMENT_SUSPENDED-traveler = Votre carte est suspendue. Un agent va vous aider.
reason-ENROLLMENT_SUSPENDED-officer = L’inscription du voyageur est suspendue.
reason-ENROLLMENT_SUSPENDED-remedy = Consultez-en le motif dans le service d’inscription et traitez le voyageur avec son document de voyage.

reason-ENROLLMENT_EXPIRED-traveler = Votre inscription a pris fin. Un agent va vous aider.
reason-ENROLLMENT_EXPIRED-officer = L’inscription du voyageur a expiré.
reason-ENROLLMENT_EXPIRED-remedy = Traitez le voyageur avec son document de voyage et proposez un renouvellement.

reason-ENROLLMENT_REVOKED-traveler = Inscription à renouveler. Un agent va vous aider.
reason-ENROLLMENT_REVOKED-officer = Les codes de cette inscription ont été révoqués : rien ne peut être comparé avec le voyageur.
reason-ENROLLMENT_REVOKED-remedy = Traitez le voyageur avec son document de voyage, puis faites reprendre son visage ou ses doigts au guichet d’inscription.

reason-FACTOR_NOT_ENROLLED-traveler = Il manque un élément à votre carte. Un agent va vous aider.
reason-FACTOR_NOT_ENROLLED-officer = L’inscription ne comporte ni le visage ni le doigt que ce lieu exige.
reason-FACTOR_NOT_ENROLLED-remedy = Traitez le voyageur avec son document de voyage, et proposez d’inscrire son visage ou ses doigts.

reason-CONSENT_ENDED-traveler = Votre consentement a pris fin. Un agent va vous aider.
reason-CONSENT_ENDED-officer = Le consentement du voyageur à la comparaison du visage ou des doigts a pris fin ou a été retiré.
reason-CONSENT_ENDED-remedy = Traitez le voyageur avec son document de voyage. S’il le souhaite, le bureau d’inscription peut recueillir un nouveau consentement.

reason-ENROLLMENT_CACHE_STALE-traveler = Cartes indisponibles. Un agent va vous aider.
reason-ENROLLMENT_CACHE_STALE-officer = Le sas est coupé du service d’inscription depuis plus longtemps que ne l’autorisent ses règles.
reason-ENROLLMENT_CACHE_STALE-remedy = Traitez le voyageur avec son document de voyage et faites rétablir la liaison avec le service d’inscription.

reason-STORE_CORRUPT-traveler = Le passage est en panne. Un agent va vous aider.
reason-STORE_CORRUPT-officer = Une donnée du cache du sas ne peut être ouverte : elle est abîmée ou scellée avec une autre clé.
reason-STORE_CORRUPT-remedy = Traitez le voyageur avec son document de voyage et faites renouveler le cache par le technicien.

reason-FACE_NOT_FOUND-traveler = Veuillez regarder la caméra.
reason-FACE_NOT_FOUND-officer = Aucun visage n’était dans le champ de la caméra.
reason-FACE_NOT_FOUND-remedy = Demandez au voyageur de se placer sur le repère, face à la caméra, le visage découvert.

reason-FACE_MULTIPLE-traveler = Une seule personne à la fois, s’il vous plaît.
reason-FACE_MULTIPLE-officer = Plusieurs visages étaient dans le champ de la caméra.
reason-FACE_MULTIPLE-remedy = Veillez à ce qu’une seule personne soit dans le sas, puis laissez le voyageur réessayer.

reason-FACE_IMAGE_BLANK-traveler = La caméra est en panne. Un agent va vous aider.
reason-FACE_IMAGE_BLANK-officer = L’image de la caméra est vide.
reason-FACE_IMAGE_BLANK-remedy = Vérifiez que l’objectif est dégagé et l’éclairage allumé. Sinon, appelez le technicien.

reason-FACE_IMAGE_UNREADABLE-traveler = La caméra est en panne. Un agent va vous aider.
reason-FACE_IMAGE_UNREADABLE-officer = L’image de la caméra ne peut être décodée.
reason-FACE_IMAGE_UNREADABLE-remedy = Redémarrez la caméra. Si cela se reproduit, appelez le technicien.

reason-FACE_QUALITY_LOW-traveler = Approchez-vous et regardez la caméra.
reason-FACE_QUALITY_LOW-officer = Le visage était trop petit, flou, sombre ou détourné.
reason-FACE_QUALITY_LOW-remedy = Demandez au voyageur de s’approcher et de faire face à la caméra ; vérifiez l’éclairage.

reason-FACE_SCORE_BELOW_THRESHOLD-traveler = Un agent va vous aider dans un instant.
reason-FACE_SCORE_BELOW_THRESHOLD-officer = Comparé à la référence, le visage n’a pas atteint le seuil fixé pour ce lieu.
reason-FACE_SCORE_BELOW_THRESHOLD-remedy = Comparez vous-même les deux images et le voyageur, puis décidez.

reason-PRESENTATION_ATTACK_SUSPECTED-traveler = Un agent va vous aider dans un instant.
reason-PRESENTATION_ATTACK_SUSPECTED-officer = Le visage devant les caméras est peut-être une image, un écran ou un masque ; le détail dit quel indice le suggère.
reason-PRESENTATION_ATTACK_SUSPECTED-remedy = Regardez d’abord le visage et les mains du voyageur, puis les images, et décidez.

reason-FACE_CAPTURE_TIMEOUT-traveler = Un agent va vous aider dans un instant.
reason-FACE_CAPTURE_TIMEOUT-officer = Aucune image exploitable du visage n’a été prise dans le temps imparti.
reason-FACE_CAPTURE_TIMEOUT-remedy = Comparez vous-même le voyageur au portrait, puis décidez. Si cela se répète, vérifiez la caméra et l’éclairage.

reason-CAMERA_UNAVAILABLE-traveler = La caméra est en panne. Un agent va vous aider.
reason-CAMERA_UNAVAILABLE-officer = La caméra ne répond pas.
reason-CAMERA_UNAVAILABLE-remedy = Vérifiez son câble et son alimentation. Si elle reste muette, fermez le sas et appelez le technicien.

reason-CAMERA_DEGRADED-traveler = Une caméra est en panne. Le passage reste ouvert.
reason-CAMERA_DEGRADED-officer = L’une des caméras ne donne plus d’images ; les autres continuent.
reason-CAMERA_DEGRADED-remedy = Vérifiez son câble et son alimentation, et appelez le technicien. En attendant, les voyageurs très grands, petits ou assis peuvent avoir besoin d’aide.

reason-FINGER_NOT_PLACED-traveler = Posez votre doigt sur le capteur.
reason-FINGER_NOT_PLACED-officer = Aucun doigt n’a été posé à temps sur le capteur.
reason-FINGER_NOT_PLACED-remedy = Montrez au voyageur où est le capteur et comment y poser le doigt bien à plat.

reason-FINGER_QUALITY_LOW-traveler = Essayez un autre doigt.
reason-FINGER_QUALITY_LOW-officer = Les empreintes étaient trop sèches, trop humides, brouillées ou trop partielles.
reason-FINGER_QUALITY_LOW-remedy = Des doigts usés ou blessés sont normaux : faites essayer un autre doigt, essuyez le capteur, ou vérifiez vous-même.

reason-FINGER_IMAGE_UNREADABLE-traveler = Le capteur est en panne. Un agent va vous aider.
reason-FINGER_IMAGE_UNREADABLE-officer = L’image du capteur d’empreintes ne peut pas être décodée.
reason-FINGER_IMAGE_UNREADABLE-remedy = Débranchez et rebranchez le capteur. Si cela se répète, appelez le technicien.

reason-FINGER_SCORE_BELOW_THRESHOLD-traveler = Un agent va vous aider dans un instant.
reason-FINGER_SCORE_BELOW_THRESHOLD-officer = Comparé aux doigts inscrits, le doigt n’a pas atteint le seuil fixé pour ce lieu.
reason-FINGER_SCORE_BELOW_THRESHOLD-remedy = Demandez quels doigts ont été inscrits et contrôlez le document de voyage, puis décidez.

reason-FINGER_CAPTURE_TIMEOUT-traveler = Un agent va vous aider dans un instant.
reason-FINGER_CAPTURE_TIMEOUT-officer = Aucune empreinte exploitable n’a été prise dans le temps imparti.
reason-FINGER_CAPTURE_TIMEOUT-remedy = Contrôlez le document de voyage, puis décidez. Si cela se répète, nettoyez le capteur.

reason-FINGER_SENSOR_UNAVAILABLE-traveler = Le capteur est en panne. Un agent va vous aider.
reason-FINGER_SENSOR_UNAVAILABLE-officer = Le capteur d’empreintes ne répond pas, ou ce sas n’en a pas.
reason-FINGER_SENSOR_UNAVAILABLE-remedy = Vérifiez son câble et les droits d’accès au périphérique. D’ici là, les cartes sans visage inscrit vous sont adressées.

reason-FINGER_MATCHER_UNAVAILABLE-traveler = Le passage est en panne. Un agent va vous aider.
reason-FINGER_MATCHER_UNAVAILABLE-officer = Les doigts ne peuvent être comparés : un réseau de neurones ou ses seuils manquent, ou il a échoué.
reason-FINGER_MATCHER_UNAVAILABLE-remedy = Faites réinstaller les réseaux par le technicien, ou régler finger_extraction sur fast. Les visages sont toujours comparés.

reason-MATCHER_UNAVAILABLE-traveler = Le passage est en panne. Un agent va vous aider.
reason-MATCHER_UNAVAILABLE-officer = Les visages ne peuvent être comparés : un réseau de neurones manque ou a échoué.
reason-MATCHER_UNAVAILABLE-remedy = Fermez le sas et faites réinstaller les réseaux par le technicien.

reason-ENTRY_TIMEOUT-traveler = Posez de nouveau votre document sur le lecteur.
reason-ENTRY_TIMEOUT-officer = Personne n’a franchi la porte d’entrée à temps.
reason-ENTRY_TIMEOUT-remedy = Aucune action requise : le voyageur peut recommencer.

reason-TRAVELER_LEFT-traveler = Posez de nouveau votre document sur le lecteur.
reason-TRAVELER_LEFT-officer = Le voyageur est parti avant la décision.
reason-TRAVELER_LEFT-remedy = Voyez si le voyageur a besoin d’aide ; sinon, aucune action requise.

reason-EXIT_TIMEOUT-traveler = Un agent vient vous aider.
reason-EXIT_TIMEOUT-officer = Personne n’est sorti par la porte de sortie à temps.
reason-EXIT_TIMEOUT-remedy = Voyez si le voyageur est encore dans le sas et a besoin d’aide.

reason-REFERRAL_TIMEOUT-traveler = Merci d’avoir attendu. Présentez-vous au guichet.
reason-REFERRAL_TIMEOUT-officer = Aucun agent n’a pris de décision à temps.
reason-REFERRAL_TIMEOUT-remedy = Recevez le voyageur au guichet.

reason-OBSTACLE-traveler = Écartez-vous de la porte, s’il vous plaît.
reason-OBSTACLE-officer = Quelque chose gêne le mouvement d’une porte.
reason-OBSTACLE-remedy = Faites dégager le passage des personnes et des bagages.

reason-DOOR_FAULT-traveler = Restez à l’écart des portes. Un agent va vous aider.
reason-DOOR_FAULT-officer = Une porte n’a pas atteint sa position ou a bougé sans commande.
reason-DOOR_FAULT-remedy = Éloignez les personnes des portes, fermez le sas et appelez le technicien.

reason-PERSON_INSIDE-traveler = Veuillez patienter, un agent arrive
reason-PERSON_INSIDE-officer = Une personne se trouve entre les portes sans passage en cours
reason-PERSON_INSIDE-remedy = Allez à la porte ; ouvrez une porte à la main pour laisser sortir la personne, en indiquant le motif
reason-INTERLOCK_REFUSED-traveler = Veuillez patienter. Un agent va vous aider.
reason-INTERLOCK_REFUSED-officer = Le tourniquet a refusé une commande pour que les deux portes ne soient jamais ouvertes ensemble.
reason-INTERLOCK_REFUSED-remedy = Attendez que les deux portes soient fermées, puis réessayez. Si cela se reproduit, appelez le technicien.

reason-BARRIER_LINE_LOST-traveler = Le passage est en panne. Un agent va vous aider.
reason-BARRIER_LINE_LOST-officer = La liaison avec le tourniquet est perdue.
reason-BARRIER_LINE_LOST-remedy = Voyez si quelqu’un est dans le sas. Vérifiez le câble et l’alimentation du tourniquet, puis appelez le technicien.

reason-EMERGENCY_RELEASE-traveler = Sortez maintenant. Toutes les portes sont ouvertes.
reason-EMERGENCY_RELEASE-officer = L’alarme incendie a libéré les portes.
reason-EMERGENCY_RELEASE-remedy = Suivez le plan d’évacuation. Ne remettez le sas en service qu’une fois la zone déclarée sûre.

reason-GATE_HELD-traveler = Veuillez patienter un instant.
reason-GATE_HELD-officer = Un agent a suspendu le sas.
reason-GATE_HELD-remedy = Remettez le sas en service quand la cause est réglée.

reason-GATE_CLOSED-traveler = Veuillez utiliser un autre passage.
reason-GATE_CLOSED-officer = Un agent a fermé le sas.
reason-GATE_CLOSED-remedy = Remettez le sas en service quand il est de nouveau utile.

reason-CONTROLLER_INTERRUPTED-traveler = Un agent vient vous aider.
reason-CONTROLLER_INTERRUPTED-officer = Le contrôleur s’est arrêté au milieu de ce passage.
reason-CONTROLLER_INTERRUPTED-remedy = Voyez si un voyageur est encore dans le sas. Si cela se reproduit, faites examiner le journal technique.

reason-JOURNAL_UNAVAILABLE-traveler = Veuillez utiliser un autre passage.
reason-JOURNAL_UNAVAILABLE-officer = Le registre des passages ne peut être écrit : aucune porte ne doit bouger.
reason-JOURNAL_UNAVAILABLE-remedy = Faites vérifier par le technicien le disque et les droits sur le dossier du registre.

reason-AUDIT_NOT_WRITTEN-traveler = Veuillez utiliser un autre passage.
reason-AUDIT_NOT_WRITTEN-officer = Les actes des agents ne peuvent pas être consignés dans la piste d’audit.
reason-AUDIT_NOT_WRITTEN-remedy = Les portes s’ouvrent toujours à la main, et c’est consigné plus tard ; d’ici là, personne n’est accepté et aucune image n’est montrée. Faites vérifier le disque par le technicien.

reason-DISK_FULL-traveler = Veuillez utiliser un autre passage.
reason-DISK_FULL-officer = Le disque du contrôleur est plein.
reason-DISK_FULL-remedy = Faites libérer de l’espace par le technicien.

reason-PORT_IN_USE-traveler = Veuillez utiliser un autre passage.
reason-PORT_IN_USE-officer = Un port dont le sas a besoin est occupé par un autre programme.
reason-PORT_IN_USE-remedy = Faites arrêter l’autre programme par le technicien, ou choisir un autre port dans la configuration.

reason-CENTRE_UNREACHABLE-traveler = Vous pouvez utiliser votre passeport ici.
reason-CENTRE_UNREACHABLE-officer = Le service d’inscription est injoignable.
reason-CENTRE_UNREACHABLE-remedy = Faites vérifier le réseau. Les enregistrements sont conservés et envoyés au retour du service.

reason-GATE_NOT_ADMITTED-traveler = Vous pouvez utiliser votre passeport ici.
reason-GATE_NOT_ADMITTED-officer = Le service d’inscription n’admet pas ce sas.
reason-GATE_NOT_ADMITTED-remedy = Faites établir un nouveau certificat du sas par le service d’inscription. D’ici là, les cartes vous sont renvoyées ; les enregistrements sont conservés.

reason-CENTRE_FAULT-traveler = Vous pouvez utiliser votre passeport ici.
reason-CENTRE_FAULT-officer = Le service d’inscription répond, mais pas ce dont ce sas a besoin.
reason-CENTRE_FAULT-remedy = Faites examiner les journaux du sas et du service et comparer leurs versions. Les enregistrements sont conservés.

reason-INTERNAL_FAULT-traveler = Le passage est en panne. Un agent va vous aider.
reason-INTERNAL_FAULT-officer = Le logiciel du contrôleur a rencontré une erreur interne.
reason-INTERNAL_FAULT-remedy = Redémarrez le sas et transmettez son journal technique au technicien.
