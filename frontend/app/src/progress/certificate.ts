/** The public page of a certificate: the server's own, not this app's. */
export const certificatePath = (code: string): string => `/certificates/${code}`;
